#include "student_trainer/step/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/script.h>

#include <cmath>
#include <limits>
#include <tuple>
#include <vector>

#include "common/inference/scripted_model.h"
#include "tests/student_trainer/step/trainer_fixture.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using testing::AddTargets;
using testing::IsOk;
using testing::kClasses;
using testing::ScaledPixels;
using testing::SmallBatch;
using testing::SmallModel;
using testing::SmallOptions;
using testing::StatusIs;

int64_t CountPredictions(Model& model, const TargetedBatch& targeted, int64_t offset) {
  const at::NoGradGuard no_grad;
  model.eval();
  const at::Tensor inputs = torch::empty(targeted.batch.inputs[0].values.shape, torch::kUInt8);
  targeted.batch.inputs[0].values.bytes.CopyTo(inputs.data_ptr());
  const at::Tensor wanted =
      (torch::tensor(targeted.batch.labels, torch::kInt64) + offset) % kClasses;
  return model.Forward(inputs.to(torch::kFloat32) / 255).argmax(1).eq(wanted).sum().item<int64_t>();
}

void TrainOn(Trainer& trainer, const TargetedBatch& targeted, int steps = 60) {
  for (int step = 0; step < steps; ++step) {
    ASSERT_THAT(trainer.Step(targeted), IsOk());
  }
}

TEST(Trainer, LearnsTheLabelsWithoutATeacher) {
  const auto model = SmallModel();
  Trainer trainer(model, ScaledPixels(), SmallOptions(0));
  const TargetedBatch batch = SmallBatch();
  TrainOn(trainer, batch);
  EXPECT_EQ(CountPredictions(*model, batch, 0), batch.batch.size());
}

TEST(Trainer, AtAlphaOneItLearnsTheTeacherAndNotTheLabels) {
  const auto model = SmallModel();
  Trainer trainer(model, ScaledPixels(), SmallOptions(1));
  TargetedBatch batch = SmallBatch();
  AddTargets(batch);
  TrainOn(trainer, batch);
  EXPECT_EQ(CountPredictions(*model, batch, 1), batch.batch.size());
}

TEST(Trainer, CountsWhatTheLossUsed) {
  Trainer trainer(SmallModel(), ScaledPixels(), SmallOptions(0.5));
  TargetedBatch batch = SmallBatch();
  AddTargets(batch);
  batch.batch.labels[0] = kNoLabel;
  const auto step = trainer.Step(batch);
  ASSERT_THAT(step, IsOk());
  EXPECT_TRUE(step->trained);
  EXPECT_TRUE(step->stepped);
  EXPECT_EQ(step->samples, 32);
  EXPECT_EQ(step->with_targets, 32);
  EXPECT_EQ(step->labelled, 31);
}

TEST(Trainer, ABatchWithoutTargetsAndLabelsTakesNoStepButAdvancesTheSchedule) {
  const auto model = SmallModel();
  const at::Tensor before = model->parameters()[0].detach().clone();
  Trainer trainer(model, ScaledPixels(), SmallOptions(0.5));
  TargetedBatch batch = SmallBatch();
  for (int64_t& label : batch.batch.labels) label = kNoLabel;
  const auto step = trainer.Step(batch);
  ASSERT_THAT(step, IsOk());
  EXPECT_FALSE(step->trained);
  EXPECT_FALSE(step->stepped);
  EXPECT_EQ(trainer.steps(), 1);
  EXPECT_TRUE(model->parameters()[0].equal(before));
}

TEST(Trainer, LostTargetsCountHardLabelsWithWeightOne) {
  Trainer with_alpha(SmallModel(), ScaledPixels(), SmallOptions(0.9));
  Trainer hard_only(SmallModel(), ScaledPixels(), SmallOptions(0));
  const TargetedBatch batch = SmallBatch();
  EXPECT_DOUBLE_EQ(with_alpha.Step(batch)->loss, hard_only.Step(batch)->loss);
}

TEST(Trainer, TargetsThatDoNotFitTheBatchAreRefused) {
  Trainer trainer(SmallModel(), ScaledPixels(), SmallOptions(0.5));
  TargetedBatch batch = SmallBatch();
  AddTargets(batch);
  batch.targets[0].answers.pop_back();
  EXPECT_THAT(trainer.Step(batch),
              StatusIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr("16 rows")));

  TargetedBatch narrow = SmallBatch();
  narrow.targets = {
      {kLogitsOutput, {EncodeTargets({}, torch::zeros({narrow.batch.size(), 3}), {})}}};
  EXPECT_THAT(trainer.Step(narrow),
              StatusIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr("3 classes")));
}

TEST(Trainer, TheObjectivesOutputIsOneOfThoseThatAreAskedFor) {
  TargetedBatch batch = SmallBatch();
  AddTargets(batch);
  batch.targets.push_back(
      {"features",
       {EncodeTargets({.kind = OutputKind::kFeatures}, torch::ones({batch.batch.size(), 7}), {})}});
  Trainer both(SmallModel(), ScaledPixels(), SmallOptions(0.5));
  EXPECT_THAT(both.Step(batch), IsOk());
  batch.targets.erase(batch.targets.begin());
  Trainer without(SmallModel(), ScaledPixels(), SmallOptions(0.5));
  EXPECT_THAT(without.Step(batch), StatusIs(absl::StatusCode::kInvalidArgument,
                                            ::testing::HasSubstr("the output 'logits'")));
}

TEST(Trainer, DivergenceIsAnErrorThatLeavesTheModelAsItWas) {
  const auto model = SmallModel();
  {
    const at::NoGradGuard no_grad;
    model->parameters()[0].fill_(std::numeric_limits<float>::infinity());
  }
  const at::Tensor last = model->parameters().back().detach().clone();
  Trainer trainer(model, ScaledPixels(), SmallOptions(0));
  EXPECT_THAT(
      trainer.Step(SmallBatch()),
      StatusIs(absl::StatusCode::kInternal, ::testing::HasSubstr("training has diverged: ")));
  EXPECT_TRUE(model->parameters().back().equal(last));
  EXPECT_EQ(trainer.steps(), 0);
}

TEST(Trainer, BiasesAndNormsDoNotDecay) {
  const auto model = SmallModel();
  TrainerOptions options = SmallOptions(0);
  options.optimizer.weight_decay = 0.5;
  for (auto& parameter : model->parameters()) {
    const at::NoGradGuard no_grad;
    parameter.fill_(1);
  }
  // Equal weights everywhere give every hidden unit the same output, so the gradient of the last
  // bias sums to zero over the classes: without decay its sum stays.
  Trainer trainer(model, ScaledPixels(), options);
  const double before = model->parameters().back().sum().item<double>();
  ASSERT_THAT(trainer.Step(SmallBatch()), IsOk());
  EXPECT_NEAR(model->parameters().back().sum().item<double>(), before, 1e-5);
}

TEST(Trainer, AlphaAndTemperatureFollowTheirSchedules) {
  TrainerOptions options = SmallOptions(0.5);
  options.alpha = {.from = 1, .to = 0, .kind = ScheduleKind::kLinear, .total_steps = 3};
  options.temperature = {.from = 4, .to = 2, .kind = ScheduleKind::kLinear, .total_steps = 3};
  ASSERT_THAT(options.Validate(), IsOk());
  Trainer trainer(SmallModel(), ScaledPixels(), options);
  TargetedBatch batch = SmallBatch();
  AddTargets(batch);
  for (const auto& [alpha, temperature, labelled] :
       std::vector<std::tuple<double, double, int64_t>>{{1, 4, 0}, {0.5, 3, 32}, {0, 2, 32}}) {
    EXPECT_EQ(trainer.loss_options().alpha, alpha);
    EXPECT_EQ(trainer.loss_options().temperature, temperature);
    const auto step = trainer.Step(batch);
    ASSERT_THAT(step, IsOk());
    EXPECT_EQ(step->labelled, labelled);
    EXPECT_NEAR(step->loss, (1 - alpha) * step->student_loss + alpha * step->distillation_loss,
                1e-5);
  }
}

TEST(Trainer, AMixedSampleIsRightWhereTheHeavierLabelIsPredicted) {
  const auto model = SmallModel();
  Trainer trainer(model, ScaledPixels(), SmallOptions(0));
  TargetedBatch batch = SmallBatch();
  TrainOn(trainer, batch);
  ASSERT_EQ(CountPredictions(*model, batch, 0), 32);
  batch.batch.mixed_labels = batch.batch.labels;
  batch.batch.label_weights.assign(32, 0.7f);
  for (int64_t& label : batch.batch.mixed_labels) label = (label + 1) % kClasses;
  batch.batch.label_weights[0] = 0.3f;  // the other label is the heavier one
  batch.batch.labels[1] = kNoLabel;     // the other label is the only one
  batch.batch.labels[2] = kNoLabel;     // neither counts
  batch.batch.label_weights[2] = 1;
  const auto step = trainer.Step(batch);
  ASSERT_THAT(step, IsOk());
  EXPECT_EQ(step->labelled, 31);
  EXPECT_EQ(step->correct, 29);
}

TEST(Trainer, AccumulatedBatchesMoveAsTheirJoinedBatchDoes) {
  const auto accumulated = SmallModel(), joined = SmallModel();
  TrainerOptions options = SmallOptions(0.3);
  Trainer one(joined, ScaledPixels(), options);
  options.accumulate = 3;
  Trainer three(accumulated, ScaledPixels(), options);
  for (int step = 0; step < 3; ++step) {
    TargetedBatch all = SmallBatch(32, 32 * step);
    all.batch.labels[3] = kNoLabel;
    AddTargets(all);
    ASSERT_THAT(one.Step(all), IsOk());
    int64_t first = 32 * step;
    for (const int64_t n : {16, 6, 10}) {  // of different sizes
      TargetedBatch part = SmallBatch(n, first);
      if (first == 32 * step) part.batch.labels[3] = kNoLabel;
      AddTargets(part);
      first += n;
      const auto taken = three.Step(part);
      ASSERT_THAT(taken, IsOk());
      EXPECT_EQ(taken->stepped, first == 32 * (step + 1));
    }
    EXPECT_EQ(three.steps(), one.steps());
  }
  for (size_t i = 0; i < joined->parameters().size(); ++i) {
    EXPECT_TRUE(at::allclose(accumulated->parameters()[i], joined->parameters()[i], 1e-4, 1e-6));
  }
}

TEST(Trainer, AStepOfFewerBatchesIsWeightedByThoseThatItHas) {
  const auto short_step = SmallModel(), whole = SmallModel();
  TrainerOptions options = SmallOptions(0);
  Trainer one(whole, ScaledPixels(), options);
  options.accumulate = 4;
  Trainer four(short_step, ScaledPixels(), options);
  ASSERT_THAT(one.Step(SmallBatch()), IsOk());
  ASSERT_THAT(four.Step(SmallBatch()), IsOk());
  EXPECT_EQ(four.steps(), 0);
  ASSERT_THAT(four.FinishStep(), IsOk());
  EXPECT_EQ(four.steps(), 1);
  ASSERT_THAT(four.FinishStep(), IsOk());
  EXPECT_EQ(four.steps(), 1);
  for (size_t i = 0; i < whole->parameters().size(); ++i) {
    EXPECT_TRUE(at::allclose(short_step->parameters()[i], whole->parameters()[i], 1e-4, 1e-6));
  }
}

TEST(Trainer, ClippedStepsAreAsLongAsTheNormAllows) {
  const auto model = SmallModel();
  std::vector<at::Tensor> before;
  for (const at::Tensor& parameter : model->parameters()) {
    before.push_back(parameter.detach().clone());
  }
  TrainerOptions options = SmallOptions(0);
  options.optimizer.momentum = 0;
  options.clip_norm = 0.01;
  Trainer trainer(model, ScaledPixels(), options);
  const auto step = trainer.Step(SmallBatch());
  ASSERT_THAT(step, IsOk());
  EXPECT_GT(step->gradient_norm, 0.01);
  double squares = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    squares += (model->parameters()[i] - before[i]).square().sum().item<double>();
  }
  EXPECT_NEAR(std::sqrt(squares), 0.05 * 0.01, 1e-6);
}

TEST(Trainer, WeightsIntoAUnitStayWithinTheirNorm) {
  const auto model = SmallModel();
  TrainerOptions options = SmallOptions(0);
  options.max_norm = 0.5;
  Trainer trainer(model, ScaledPixels(), options);
  const at::Tensor bias = model->named_parameters()["layers.0.bias"];
  {
    const at::NoGradGuard no_grad;
    bias.fill_(7);
  }
  for (int step = 0; step < 3; ++step) ASSERT_THAT(trainer.Step(SmallBatch()), IsOk());
  for (const char* name : {"layers.0.weight", "layers.1.weight"}) {
    const at::Tensor norms = model->named_parameters()[name].detach().norm(2, {1});
    EXPECT_LE(norms.max().item<double>(), 0.5 + 1e-5) << name;
    EXPECT_GT(norms.min().item<double>(), 0.05) << name;  // scaled down, not away
  }
  EXPECT_GT(bias.min().item<double>(), 6);  // no weights into a unit
}

TEST(Trainer, TheAverageLagsBehindAndIsThereForValidation) {
  const auto model = SmallModel();
  const at::Tensor initial = model->parameters()[0].detach().clone();
  TrainerOptions options = SmallOptions(0);
  options.ema_decay = 0.999;
  Trainer trainer(model, ScaledPixels(), options);
  TrainOn(trainer, SmallBatch(), 3);
  const at::Tensor trained = model->parameters()[0].detach().clone();
  {
    const auto swapped = trainer.UseAverage();
    ASSERT_TRUE(swapped.has_value());
    const at::Tensor average = model->parameters()[0].detach();
    EXPECT_LT((average - initial).norm().item<double>(), (trained - initial).norm().item<double>());
    EXPECT_GT((average - initial).norm().item<double>(), 0);
  }
  EXPECT_TRUE(model->parameters()[0].equal(trained));
  EXPECT_FALSE(Trainer(model, ScaledPixels(), SmallOptions(0)).UseAverage().has_value());
}

TEST(Trainer, UnderAutocastItLearnsWithParametersInFloat32) {
  const auto model = SmallModel();
  TrainerOptions options = SmallOptions(0);
  options.autocast = Autocast::kBf16;
  Trainer trainer(model, ScaledPixels(), options);
  const TargetedBatch batch = SmallBatch();
  const double first = trainer.Step(batch)->loss;
  Trainer exact(SmallModel(), ScaledPixels(), SmallOptions(0));
  EXPECT_NEAR(first, exact.Step(batch)->loss, 0.05);
  EXPECT_NE(first, exact.Step(batch)->loss);
  TrainOn(trainer, batch);
  EXPECT_EQ(model->parameters()[0].scalar_type(), torch::kFloat32);
  EXPECT_EQ(CountPredictions(*model, batch, 0), batch.batch.size());
}

TEST(Trainer, AdamWLearnsTheLabels) {
  const auto model = SmallModel();
  TrainerOptions options = SmallOptions(0);
  options.optimizer = {.kind = OptimizerKind::kAdamW, .weight_decay = 0.01};
  options.schedule.peak = 5e-3;
  Trainer trainer(model, ScaledPixels(), options);
  const TargetedBatch batch = SmallBatch();
  TrainOn(trainer, batch);
  EXPECT_EQ(CountPredictions(*model, batch, 0), batch.batch.size());
}

TEST(Trainer, AUsersTorchScriptIsTrainedAndSavedWithItsAverage) {
  const testing::TempDir dir;
  torch::jit::Module script("Linear");
  script.register_parameter("weight", torch::zeros({kClasses, 16}).requires_grad_(), false);
  script.define(R"(
    def forward(self, x):
        return torch.linear(torch.flatten(x, 1), self.weight)
  )");
  script.save((dir / "start.pt").string());
  const auto model = *ScriptedModel::Load(dir / "start.pt");
  TrainerOptions options = SmallOptions(0);
  options.schedule.peak = 1;
  options.ema_decay = 0.5;
  Trainer trainer(model, ScaledPixels(), options);
  const TargetedBatch batch = SmallBatch();
  TrainOn(trainer, batch);
  EXPECT_EQ(CountPredictions(*model, batch, 0), batch.batch.size());
  {
    const auto averaged = trainer.UseAverage();
    ASSERT_THAT(model->Save(dir / "average.pt"), IsOk());
  }
  const auto average = *ScriptedModel::Load(dir / "average.pt");
  EXPECT_EQ(CountPredictions(*average, batch, 0), batch.batch.size());
  EXPECT_FALSE(average->parameters()[0].equal(model->parameters()[0]));
}

TEST(TrainerOptionsTest, OptionsOutOfRangeAreNamed) {
  EXPECT_THAT(TrainerOptions().Validate(), IsOk());
  const auto refuses = [](const TrainerOptions& options, const std::string& words) {
    EXPECT_THAT(options.Validate(),
                testing::ErrorIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr(words)));
  };
  refuses({.clip_norm = -1}, "`clip_norm` is -1; must be");
  refuses({.max_norm = -1}, "`max_norm` is -1; must be");
  refuses({.accumulate = 0}, "`accumulate` is 0; must be");
  refuses({.ema_decay = 1}, "`ema_decay` is 1; must be");
  refuses({.loss = {.label_smoothing = 1}}, "`label_smoothing` is 1; must be");
  refuses({.alpha = ValueSchedule{.from = 0, .to = 2, .kind = ScheduleKind::kLinear}},
          "`alpha` is 2; must be");
  refuses({.temperature = ValueSchedule{.from = 0}}, "`temperature` is 0; must be");
  refuses({.optimizer = {.momentum = 2}}, "`momentum` is 2; must be");
  refuses({.schedule = {.peak = -1}}, "`peak` is -1; must be");
}

}  // namespace
}  // namespace distill
