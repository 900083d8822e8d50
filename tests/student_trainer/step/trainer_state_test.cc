#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/modules.h>

#include <string>

#include "common/model_directory/safetensors.h"
#include "common/zoo/weights.h"
#include "student_trainer/step/trainer.h"
#include "tests/student_trainer/step/trainer_fixture.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using testing::AddTargets;
using testing::ExpectSameModel;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::kClasses;
using testing::ScaledPixels;
using testing::SmallBatch;
using testing::SmallModel;
using testing::SmallOptions;
using testing::StatusIs;

constexpr int64_t kAccumulate = 2;

// Everything that a step can depend on: a convolution in channels_last, the running figures of a
// batch norm, and dropout.
class DropoutNet : public OneInputModel {
 public:
  DropoutNet() {
    at::manual_seed(1);
    conv_ = register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 8, 3)));
    norm_ = register_module("norm", torch::nn::BatchNorm2d(8));
    classifier_ = register_module("classifier", torch::nn::Linear(8 * 4, kClasses));
  }
  ModelOutput Compute(const at::Tensor& x) override {
    const at::Tensor y = torch::relu(norm_(conv_(x))).flatten(1);
    return {.logits = classifier_(at::dropout(y, 0.3, is_training()))};
  }

 private:
  torch::nn::Conv2d conv_{nullptr};
  torch::nn::BatchNorm2d norm_{nullptr};
  torch::nn::Linear classifier_{nullptr};
};

TrainerOptions Options(OptimizerKind kind) {
  TrainerOptions options = SmallOptions(0.5, /*steps=*/20);
  options.optimizer = {.kind = kind, .weight_decay = 0.01};
  options.schedule.warmup_steps = 3;
  options.alpha = {.from = 0.9, .to = 0.1, .kind = ScheduleKind::kCosine, .total_steps = 20};
  options.clip_norm = 1;
  options.accumulate = kAccumulate;
  options.ema_decay = 0.9;
  return options;
}

// Batches of steps [begin, end), by their number.
void TrainSteps(Trainer& trainer, int64_t begin, int64_t end) {
  for (int64_t i = begin * kAccumulate; i < end * kAccumulate; ++i) {
    TargetedBatch batch = SmallBatch(8 + i % 3, 16 * i);
    AddTargets(batch);
    ASSERT_THAT(trainer.Step(batch), IsOk());
  }
}

// What is saved in two files, of the model and of the trainer.
void Save(const testing::TempDir& dir, const Model& model, const Trainer& trainer) {
  ASSERT_THAT(WriteSafetensors(dir / "model", StateOf(model)), IsOk());
  const auto state = trainer.state();
  ASSERT_THAT(state.status(), IsOk());
  ASSERT_THAT(WriteSafetensors(dir / "trainer", *state), IsOk());
}

TEST(TrainerState, ElevenStepsAndNineAfterLoadingAreTwentyBitByBit) {
  for (const OptimizerKind kind : {OptimizerKind::kSgd, OptimizerKind::kAdamW}) {
    SCOPED_TRACE(std::string(Name(kind)));
    const testing::TempDir dir;
    const auto whole = std::make_shared<DropoutNet>();
    Trainer uninterrupted(whole, ScaledPixels(), Options(kind));
    at::manual_seed(5);
    TrainSteps(uninterrupted, 0, 11);
    Save(dir, *whole, uninterrupted);
    TrainSteps(uninterrupted, 11, 20);

    const auto resumed = std::make_shared<DropoutNet>();
    ASSERT_THAT(LoadState(ReadSafetensors(dir / "model")->tensors, *resumed), IsOk());
    Trainer continued(resumed, ScaledPixels(), Options(kind));
    at::manual_seed(77);
    ASSERT_THAT(continued.LoadState(ReadSafetensors(dir / "trainer")->tensors), IsOk());
    EXPECT_EQ(continued.steps(), 11);
    TrainSteps(continued, 11, 20);

    ExpectSameModel(*resumed, *whole);
    EXPECT_EQ(resumed->named_buffers()["norm.num_batches_tracked"].item<int64_t>(),
              20 * kAccumulate);
    const auto expected = uninterrupted.state(), actual = continued.state();
    ASSERT_THAT(expected.status(), IsOk());
    ASSERT_THAT(actual.status(), IsOk());
    ASSERT_EQ(actual->size(), expected->size());
    for (const auto& [name, tensor] : *actual) {
      EXPECT_EQ(tensor.bytes, expected->at(name).bytes) << name;
    }
  }
}

TEST(TrainerState, WithoutTheGeneratorsDropoutWouldDiffer) {
  const auto first = std::make_shared<DropoutNet>(), second = std::make_shared<DropoutNet>();
  for (const auto& [model, seed] : {std::pair(first, 5), std::pair(second, 6)}) {
    Trainer trainer(model, ScaledPixels(), Options(OptimizerKind::kSgd));
    at::manual_seed(static_cast<uint64_t>(seed));
    TrainSteps(trainer, 0, 2);
  }
  EXPECT_FALSE(first->parameters()[0].equal(second->parameters()[0]));
}

TEST(TrainerState, TheSchedulesGoOnWhereTheyWereMovedTo) {
  TrainerOptions options = Options(OptimizerKind::kSgd);
  Trainer trainer(SmallModel(), ScaledPixels(), options);
  TrainSteps(trainer, 0, 3);
  trainer.SetSchedulePosition(10);
  EXPECT_EQ(trainer.learning_rate(), LearningRate(options.schedule, 10));
  EXPECT_EQ(trainer.loss_options().alpha, ValueAt(*options.alpha, 10));
  TrainSteps(trainer, 3, 5);
  EXPECT_EQ(trainer.steps(), 5);
  EXPECT_EQ(trainer.learning_rate(), LearningRate(options.schedule, 12));
  const auto state = trainer.state();
  ASSERT_THAT(state.status(), IsOk());
  Trainer another(SmallModel(), ScaledPixels(), options);
  ASSERT_THAT(another.LoadState(*state), IsOk());
  EXPECT_EQ(another.steps(), 5);
  EXPECT_EQ(another.learning_rate(), LearningRate(options.schedule, 12));
}

TEST(TrainerState, WithinAStepThereIsNone) {
  Trainer trainer(SmallModel(), ScaledPixels(), Options(OptimizerKind::kSgd));
  ASSERT_THAT(trainer.Step(SmallBatch()), IsOk());
  EXPECT_THAT(trainer.state().status(), StatusIs(absl::StatusCode::kFailedPrecondition));
  ASSERT_THAT(trainer.Step(SmallBatch()), IsOk());
  EXPECT_THAT(trainer.state().status(), IsOk());
}

TEST(TrainerState, WhatDoesNotFitIsNamedAndNothingChanges) {
  Trainer sgd(SmallModel(), ScaledPixels(), Options(OptimizerKind::kSgd));
  TrainSteps(sgd, 0, 1);
  TrainerOptions without_average = Options(OptimizerKind::kSgd);
  without_average.ema_decay = 0;
  Trainer other(SmallModel(), ScaledPixels(), without_average);
  EXPECT_THAT(other.LoadState(*sgd.state()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ema.updates is left over")));
  Trainer adamw(SmallModel(), ScaledPixels(), Options(OptimizerKind::kAdamW));
  EXPECT_THAT(adamw.LoadState(*sgd.state()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("optimizer.exp_avg.")));
  EXPECT_EQ(adamw.steps(), 0);
}

}  // namespace
}  // namespace distill
