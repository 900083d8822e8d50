#include "student_trainer/commands/train_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::ErrorIs;
using testing::IsOk;

TrainSettings Valid() {
  TrainSettings options;
  options.data.train = "data";
  options.student.student = "cnn_student";
  options.run.run_dir = "run";
  options.teacher.access.addresses = {"localhost:5000"};
  return options;
}

TEST(TrainSettingsTest, DataStudentAndRunDirectoryAreEnough) {
  TrainSettings options = Valid();
  options.teacher.access.addresses.clear();
  EXPECT_THAT(options.Validate(), IsOk());
  EXPECT_EQ(options.alpha(), 0);
  EXPECT_FALSE(options.Distills());
}

TEST(TrainSettingsTest, ATeacherAloneTurnsDistillationOn) {
  EXPECT_THAT(Valid().Validate(), IsOk());
  EXPECT_TRUE(Valid().Distills());
}

TEST(TrainSettingsTest, AtAlphaZeroTheTeacherIsNotAsked) {
  TrainSettings options = Valid();
  options.loss.alpha = 0;
  EXPECT_THAT(options.Validate(), IsOk());
  EXPECT_FALSE(options.Distills());
}

TEST(TrainSettingsTest, AnEpochHasAtLeastEightStepsByDefault) {
  const TrainSettings options = Valid();
  EXPECT_EQ(options.run.ResolvedBatchSize(5), 5);
  EXPECT_EQ(options.run.ResolvedBatchSize(38), 8);
  EXPECT_EQ(options.run.ResolvedBatchSize(360), 45);
  EXPECT_EQ(options.run.ResolvedBatchSize(1024), 128);
  EXPECT_EQ(options.run.ResolvedBatchSize(1'000'000), 128);
}

TEST(TrainSettingsTest, ABatchIsNoLargerThanTheData) {
  TrainSettings options = Valid();
  options.run.batch_size = 64;
  EXPECT_EQ(options.run.ResolvedBatchSize(42), 42);
  EXPECT_EQ(options.run.ResolvedBatchSize(1000), 64);
}

struct BadCase {
  std::string named;  // what the message must name
  std::function<void(TrainSettings&)> spoil;
};

TEST(TrainSettingsTest, APadBeyondTheImageIsRefused) {
  TrainSettings options = Valid();
  options.views.overrides.pad = 32;
  EXPECT_THAT(options.views.Resolve({3, 40, 32}), IsOk());
  options.views.overrides.pad = 1000;
  EXPECT_THAT(options.views.Resolve({3, 40, 32}),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      ::testing::HasSubstr("`pad` is 1000; must be 0 to 32")));
}

TEST(TrainSettingsTest, WhatIsOutOfRangeOrContradictoryIsNamed) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const BadCase cases[] = {
      {"`train`: it is missing", [](TrainSettings& o) { o.data.train.clear(); }},
      {"`student`: it is missing", [](TrainSettings& o) { o.student.student.clear(); }},
      {"`student` is 'resnet1'; must be a model directory",
       [](TrainSettings& o) { o.student.student = "resnet1"; }},
      {"`run_dir`: it is missing", [](TrainSettings& o) { o.run.run_dir.clear(); }},
      {"`epochs` is 0; must be", [](TrainSettings& o) { o.run.epochs = 0; }},
      {"`batch_size` is 1; must be", [](TrainSettings& o) { o.run.batch_size = 1; }},
      {"`lr` is 0; must be", [](TrainSettings& o) { o.step.lr = 0; }},
      {"`lr` is nan; must be", [=](TrainSettings& o) { o.step.lr = nan; }},
      {"`lr` is inf; must be finite and more than 0",
       [](TrainSettings& o) { o.step.lr = std::numeric_limits<double>::infinity(); }},
      {"`momentum` is 1; must be", [](TrainSettings& o) { o.step.optimizer.momentum = 1; }},
      {"`weight_decay` is -1; must be",
       [](TrainSettings& o) { o.step.optimizer.weight_decay = -1; }},
      {"`warmup_epochs` is 11; must be", [](TrainSettings& o) { o.step.warmup_epochs = 11; }},
      {"`threads` is -1; must be", [](TrainSettings& o) { o.run.threads = -1; }},
      {"`validate_every` is 0; must be", [](TrainSettings& o) { o.run.validate_every = 0; }},
      {"`alpha` is 1.5; must be", [](TrainSettings& o) { o.loss.alpha = 1.5; }},
      {"`alpha` is nan; must be", [=](TrainSettings& o) { o.loss.alpha = nan; }},
      {"`temperature` is 0; must be", [](TrainSettings& o) { o.loss.temperature = 0; }},
      {"`temperature` is -2; must be", [](TrainSettings& o) { o.loss.temperature = -2; }},
      {"`alpha` is 0.5; must be 0 where there is no `teacher`",
       [](TrainSettings& o) { o.teacher.access.addresses.clear(), o.loss.alpha = 0.5; }},
      {"`temperature`: it is given without `teacher`",
       [](TrainSettings& o) {
         o.teacher.access.addresses.clear(), o.loss.alpha.reset(), o.loss.temperature = 4;
       }},
      {"`objective`: it is given without `teacher`",
       [](TrainSettings& o) {
         o.teacher.access.addresses.clear(), o.loss.alpha.reset(), o.loss.objective = "dkd";
       }},
      {"`unlabelled`: it is given without `teacher`; give its address",
       [](TrainSettings& o) { o.teacher.access.addresses.clear(), o.data.unlabelled = "more"; }},
      {"`on_teacher_loss`: it is given without `teacher`",
       [](TrainSettings& o) {
         o.teacher.access.addresses.clear(), o.teacher.on_loss = TeacherLossPolicy::kFail;
       }},
      {"`allow_misaligned_teacher`: it is given without `teacher`",
       [](TrainSettings& o) {
         o.teacher.access.addresses.clear(), o.teacher.allow_misaligned = true;
       }},
      {"`teacher_model`: it is given without `teacher`",
       [](TrainSettings& o) {
         o.teacher.access.addresses.clear(), o.teacher.access.model = "large";
       }},
      {"`teacher`: address 'here'",
       [](TrainSettings& o) {
         o.teacher.access.addresses = {"localhost:1", "here"};
       }},
      {"`teacher`: address 'h:1': it is given twice",
       [](TrainSettings& o) {
         o.teacher.access.addresses = {"h:1", "h:1"};
       }},
      {"`token_file` token: ",
       [](TrainSettings& o) {
         o.teacher.access.addresses.push_back("gpu:1"),
             o.teacher.access.security.token_file = "token";
       }},
      {"`val`: `val_count` or `val_fraction` is given, too",
       [](TrainSettings& o) { o.data.val = "more", o.data.split.val_count = 5; }},
      {"`val_fraction` is 1.5; must be", [](TrainSettings& o) { o.data.split.val_fraction = 1.5; }},
      {"`label_count` is -1; must be", [](TrainSettings& o) { o.data.split.label_count = -1; }},
      {"`pad` is -1; must be", [](TrainSettings& o) { o.views.overrides.pad = -1; }},
      {"`views` is 'wild'; must be", [](TrainSettings& o) { o.views.preset = "wild"; }},
      {"`image_size` is -1; must be",
       [](TrainSettings& o) {
         o.data.image_size = ImageSize{-1, -1};
       }},
      {"`image_channels` is 4; must be", [](TrainSettings& o) { o.data.image_channels = 4; }},
      {"`max_corrupt` is -1; must be", [](TrainSettings& o) { o.data.max_corrupt = -1; }},
      {"`loader_threads` is 0; must be", [](TrainSettings& o) { o.loader_threads = 0; }},
      {"`student_resolution` is 8x0; must be",
       [](TrainSettings& o) {
         o.student.resolution = ImageSize{8, 0};
       }},
      {"`decay_at` is 0.7 0.5; must be",
       [](TrainSettings& o) {
         o.step.decay_at = {0.7, 0.5};
       }},
      {"`gamma` is 0; must be", [](TrainSettings& o) { o.step.gamma = 0; }},
      {"`final_fraction` is 2; must be", [](TrainSettings& o) { o.step.final_fraction = 2; }},
      {"`clip_norm` is -1; must be", [](TrainSettings& o) { o.step.clip_norm = -1; }},
      {"`max_norm` is -1; must be", [](TrainSettings& o) { o.step.max_norm = -1; }},
      {"`accumulate` is 0; must be", [](TrainSettings& o) { o.step.accumulate = 0; }},
      {"`ema_decay` is 1; must be", [](TrainSettings& o) { o.step.ema_decay = 1; }},
      {"`label_smoothing` is 1; must be", [](TrainSettings& o) { o.loss.label_smoothing = 1; }},
      {"`device` is 'tpu'; must be", [](TrainSettings& o) { o.run.device = "tpu"; }},
      {"`checkpoint_every` is -1; must be", [](TrainSettings& o) { o.run.checkpoint_every = -1; }},
      {"`keep_checkpoints` is 0; must be", [](TrainSettings& o) { o.run.keep_checkpoints = 0; }},
      {"`student_arguments` is {}; must be left out",
       [](TrainSettings& o) {
         o.student.student = "runs/first/model";
         o.student.arguments = "{}";
       }},
      {"`connect_timeout` is 0; must be",
       [](TrainSettings& o) { o.teacher.access.connect_timeout = absl::ZeroDuration(); }},
      {"`student_arguments` is [1]; must be",
       [](TrainSettings& o) { o.student.arguments = "[1]"; }},
  };
  for (const BadCase& bad : cases) {
    TrainSettings options = Valid();
    bad.spoil(options);
    EXPECT_THAT(options.Validate(),
                ErrorIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr(bad.named)));
  }
}

}  // namespace
}  // namespace distill
