#include "student_trainer/train/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <limits>

#include "common/models/registry.h"
#include "common/targets/encoding.h"
#include "student_trainer/data/batch_loader.h"
#include "tests/student_trainer/train/small_dataset.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::IsOk;
using testing::StatusIs;

constexpr int64_t kClasses = 4;

std::shared_ptr<Model> SmallModel() {
  torch::manual_seed(1);
  const auto architecture = ArchitectureOf("mlp_small", {1, 4, 4}, kClasses);
  return *CreateModel(*architecture);
}

TrainerOptions Options(double alpha, int64_t steps = 60) {
  return {.loss = {.alpha = alpha, .temperature = 2},
          .schedule = {.peak = 0.05, .warmup_steps = 0, .total_steps = steps},
          .momentum = 0.9};
}

TargetedBatch Batch(int64_t n = 32) {
  static const testing::SmallDataset data(256, kClasses);
  TargetedBatch targeted;
  for (int64_t id = 0; id < n; ++id) {
    targeted.batch.sample_ids.push_back(id);
    targeted.batch.labels.push_back(data.Label(id));
  }
  targeted.batch.inputs = *ReadSamples(data, targeted.batch.sample_ids);
  return targeted;
}

// A teacher that is sure of the class after the label's: what it taught can be told from the
// labels.
void AddTargets(TargetedBatch& targeted) {
  const at::Tensor labels = torch::tensor(targeted.batch.labels, torch::kInt64);
  const at::Tensor logits =
      8 * torch::one_hot((labels + 1) % kClasses, kClasses).to(torch::kFloat32);
  const int64_t half = targeted.batch.size() / 2;
  for (const at::Tensor& part : {logits.slice(0, 0, half), logits.slice(0, half)}) {
    targeted.targets.push_back(
        EncodeTargets({.encoding = TargetEncoding::kDenseF32}, part.contiguous(), {}));
  }
}

int64_t CountPredictions(Model& model, const TargetedBatch& targeted, int64_t offset) {
  const torch::NoGradGuard no_grad;
  model.eval();
  const at::Tensor inputs = torch::empty(targeted.batch.inputs.shape, torch::kUInt8);
  targeted.batch.inputs.bytes.CopyTo(inputs.data_ptr());
  const at::Tensor wanted =
      (torch::tensor(targeted.batch.labels, torch::kInt64) + offset) % kClasses;
  return model.Forward(inputs.to(torch::kFloat32) / 255).argmax(1).eq(wanted).sum().item<int64_t>();
}

void Train(Trainer& trainer, const TargetedBatch& targeted, int steps = 60) {
  for (int step = 0; step < steps; ++step) {
    ASSERT_THAT(trainer.Step(targeted), IsOk());
  }
}

TEST(Trainer, LearnsTheLabelsWithoutATeacher) {
  const auto model = SmallModel();
  Trainer trainer(model, {.scale = 255}, Options(0));
  const TargetedBatch batch = Batch();
  Train(trainer, batch);
  EXPECT_EQ(CountPredictions(*model, batch, 0), batch.batch.size());
}

TEST(Trainer, AtAlphaOneItLearnsTheTeacherAndNotTheLabels) {
  const auto model = SmallModel();
  Trainer trainer(model, {.scale = 255}, Options(1));
  TargetedBatch batch = Batch();
  AddTargets(batch);
  Train(trainer, batch);
  EXPECT_EQ(CountPredictions(*model, batch, 1), batch.batch.size());
}

TEST(Trainer, CountsWhatTheLossUsed) {
  Trainer trainer(SmallModel(), {.scale = 255}, Options(0.5));
  TargetedBatch batch = Batch();
  AddTargets(batch);
  batch.batch.labels[0] = kUnlabelled;
  const auto step = trainer.Step(batch);
  ASSERT_THAT(step, IsOk());
  EXPECT_TRUE(step->stepped);
  EXPECT_EQ(step->samples, 32);
  EXPECT_EQ(step->with_targets, 32);
  EXPECT_EQ(step->labelled, 31);
}

TEST(Trainer, ABatchWithoutTargetsAndLabelsTakesNoStepButAdvancesTheSchedule) {
  const auto model = SmallModel();
  const at::Tensor before = model->parameters()[0].detach().clone();
  Trainer trainer(model, {.scale = 255}, Options(0.5));
  TargetedBatch batch = Batch();
  for (int64_t& label : batch.batch.labels) label = kUnlabelled;
  const auto step = trainer.Step(batch);
  ASSERT_THAT(step, IsOk());
  EXPECT_FALSE(step->stepped);
  EXPECT_EQ(trainer.steps(), 1);
  EXPECT_TRUE(model->parameters()[0].equal(before));
}

TEST(Trainer, LostTargetsCountHardLabelsWithWeightOne) {
  Trainer with_alpha(SmallModel(), {.scale = 255}, Options(0.9));
  Trainer hard_only(SmallModel(), {.scale = 255}, Options(0));
  const TargetedBatch batch = Batch();
  EXPECT_DOUBLE_EQ(with_alpha.Step(batch)->loss, hard_only.Step(batch)->loss);
}

TEST(Trainer, TargetsThatDoNotFitTheBatchAreRefused) {
  Trainer trainer(SmallModel(), {.scale = 255}, Options(0.5));
  TargetedBatch batch = Batch();
  AddTargets(batch);
  batch.targets.pop_back();
  EXPECT_THAT(trainer.Step(batch),
              StatusIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr("16 rows")));

  TargetedBatch narrow = Batch();
  narrow.targets = {EncodeTargets({}, torch::zeros({narrow.batch.size(), 3}), {})};
  EXPECT_THAT(trainer.Step(narrow),
              StatusIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr("3 classes")));
}

TEST(Trainer, DivergenceIsAnErrorThatLeavesTheModelAsItWas) {
  const auto model = SmallModel();
  {
    const torch::NoGradGuard no_grad;
    model->parameters()[0].fill_(std::numeric_limits<float>::infinity());
  }
  const at::Tensor last = model->parameters().back().detach().clone();
  Trainer trainer(model, {.scale = 255}, Options(0));
  EXPECT_THAT(trainer.Step(Batch()),
              StatusIs(absl::StatusCode::kInternal, ::testing::HasSubstr("diverged")));
  EXPECT_TRUE(model->parameters().back().equal(last));
}

TEST(Trainer, BiasesAndNormsDoNotDecay) {
  const auto model = SmallModel();
  TrainerOptions options = Options(0);
  options.weight_decay = 0.5;
  for (auto& parameter : model->parameters()) {
    const torch::NoGradGuard no_grad;
    parameter.fill_(1);
  }
  // Equal weights everywhere give every hidden unit the same output, so the gradient of the last
  // bias sums to zero over the classes: without decay its sum stays.
  Trainer trainer(model, {.scale = 255}, options);
  const double before = model->parameters().back().sum().item<double>();
  ASSERT_THAT(trainer.Step(Batch()), IsOk());
  EXPECT_NEAR(model->parameters().back().sum().item<double>(), before, 1e-5);
}

}  // namespace
}  // namespace distill
