#include "student_trainer/options/train_options.h"

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

TrainOptions Valid() {
  TrainOptions options;
  options.train = "data";
  options.student = "cnn_student";
  options.run_dir = "run";
  options.teacher.addresses = {"localhost:5000"};
  return options;
}

TEST(TrainOptions, DataStudentAndRunDirectoryAreEnough) {
  TrainOptions options = Valid();
  options.teacher.addresses.clear();
  EXPECT_THAT(options.Validate(), IsOk());
  EXPECT_EQ(options.ResolvedAlpha(), 0);
  EXPECT_FALSE(options.Distills());
}

TEST(TrainOptions, ATeacherAloneTurnsDistillationOn) {
  EXPECT_THAT(Valid().Validate(), IsOk());
  EXPECT_TRUE(Valid().Distills());
}

TEST(TrainOptions, AtAlphaZeroTheTeacherIsNotAsked) {
  TrainOptions options = Valid();
  options.alpha = 0;
  EXPECT_THAT(options.Validate(), IsOk());
  EXPECT_FALSE(options.Distills());
}

TEST(TrainOptions, AnEpochHasAtLeastEightStepsByDefault) {
  const TrainOptions options = Valid();
  EXPECT_EQ(options.ResolvedBatchSize(5), 5);
  EXPECT_EQ(options.ResolvedBatchSize(38), 8);
  EXPECT_EQ(options.ResolvedBatchSize(360), 45);
  EXPECT_EQ(options.ResolvedBatchSize(1024), 128);
  EXPECT_EQ(options.ResolvedBatchSize(1'000'000), 128);
}

TEST(TrainOptions, ABatchIsNoLargerThanTheData) {
  TrainOptions options = Valid();
  options.batch_size = 64;
  EXPECT_EQ(options.ResolvedBatchSize(42), 42);
  EXPECT_EQ(options.ResolvedBatchSize(1000), 64);
}

TEST(TrainOptions, TheRateIsTheOptimizersUnlessItIsGiven) {
  TrainOptions options = Valid();
  EXPECT_EQ(options.ResolvedLr(), 0.1);
  options.optimizer = "adamw";
  EXPECT_EQ(options.ResolvedLr(), 0.001);
  options.lr = 0.05;
  EXPECT_EQ(options.ResolvedLr(), 0.05);
}

struct BadCase {
  std::string named;  // what the message must name
  std::function<void(TrainOptions&)> spoil;
};

TEST(TrainOptions, APadBeyondTheImageIsRefused) {
  TrainOptions options = Valid();
  options.view_overrides.pad = 32;
  EXPECT_THAT(options.ResolvedViews({3, 40, 32}), IsOk());
  options.view_overrides.pad = 1000;
  EXPECT_THAT(options.ResolvedViews({3, 40, 32}),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      ::testing::HasSubstr("`pad` is 1000; must be 0 to 32")));
}

TEST(TrainOptions, WhatIsOutOfRangeOrContradictoryIsNamed) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const BadCase cases[] = {
      {"`train`: it is missing", [](TrainOptions& o) { o.train.clear(); }},
      {"`student`: it is missing", [](TrainOptions& o) { o.student.clear(); }},
      {"`student` is 'resnet1'; must be a model directory",
       [](TrainOptions& o) { o.student = "resnet1"; }},
      {"`run_dir`: it is missing", [](TrainOptions& o) { o.run_dir.clear(); }},
      {"`epochs` is 0; must be", [](TrainOptions& o) { o.epochs = 0; }},
      {"`batch_size` is 1; must be", [](TrainOptions& o) { o.batch_size = 1; }},
      {"`lr` is 0; must be", [](TrainOptions& o) { o.lr = 0; }},
      {"`lr` is nan; must be", [=](TrainOptions& o) { o.lr = nan; }},
      {"`lr` is inf; must be finite and more than 0",
       [](TrainOptions& o) { o.lr = std::numeric_limits<double>::infinity(); }},
      {"`momentum` is 1; must be", [](TrainOptions& o) { o.momentum = 1; }},
      {"`weight_decay` is -1; must be", [](TrainOptions& o) { o.weight_decay = -1; }},
      {"`warmup_epochs` is 11; must be", [](TrainOptions& o) { o.warmup_epochs = 11; }},
      {"`threads` is -1; must be", [](TrainOptions& o) { o.threads = -1; }},
      {"`validate_every` is 0; must be", [](TrainOptions& o) { o.validate_every = 0; }},
      {"`alpha` is 1.5; must be", [](TrainOptions& o) { o.alpha = 1.5; }},
      {"`alpha` is nan; must be", [=](TrainOptions& o) { o.alpha = nan; }},
      {"`temperature` is 0; must be", [](TrainOptions& o) { o.temperature = 0; }},
      {"`temperature` is -2; must be", [](TrainOptions& o) { o.temperature = -2; }},
      {"`alpha` is 0.5; must be 0 where there is no `teacher`",
       [](TrainOptions& o) { o.teacher.addresses.clear(), o.alpha = 0.5; }},
      {"`temperature`: it is given without `teacher`",
       [](TrainOptions& o) { o.teacher.addresses.clear(), o.alpha.reset(), o.temperature = 4; }},
      {"`objective`: it is given without `teacher`",
       [](TrainOptions& o) { o.teacher.addresses.clear(), o.alpha.reset(), o.objective = "dkd"; }},
      {"`unlabelled`: it is given without `teacher`; give its address",
       [](TrainOptions& o) { o.teacher.addresses.clear(), o.unlabelled = "more"; }},
      {"`on_teacher_loss`: it is given without `teacher`",
       [](TrainOptions& o) {
         o.teacher.addresses.clear(), o.on_teacher_loss = TeacherLossPolicy::kFail;
       }},
      {"`allow_misaligned_teacher`: it is given without `teacher`",
       [](TrainOptions& o) { o.teacher.addresses.clear(), o.allow_misaligned_teacher = true; }},
      {"`teacher_model`: it is given without `teacher`",
       [](TrainOptions& o) { o.teacher.addresses.clear(), o.teacher.model = "large"; }},
      {"`teacher`: address 'here'",
       [](TrainOptions& o) {
         o.teacher.addresses = {"localhost:1", "here"};
       }},
      {"`teacher`: address 'h:1': it is given twice",
       [](TrainOptions& o) {
         o.teacher.addresses = {"h:1", "h:1"};
       }},
      {"`token_file` token: ",
       [](TrainOptions& o) {
         o.teacher.addresses.push_back("gpu:1"), o.teacher.security.token_file = "token";
       }},
      {"`val`: `val_count` or `val_fraction` is given, too",
       [](TrainOptions& o) { o.val = "more", o.split.val_count = 5; }},
      {"`val_fraction` is 1.5; must be", [](TrainOptions& o) { o.split.val_fraction = 1.5; }},
      {"`label_count` is -1; must be", [](TrainOptions& o) { o.split.label_count = -1; }},
      {"`pad` is -1; must be", [](TrainOptions& o) { o.view_overrides.pad = -1; }},
      {"`views` is 'wild'; must be", [](TrainOptions& o) { o.views = "wild"; }},
      {"`image_size` is -1; must be",
       [](TrainOptions& o) {
         o.image_size = ImageSize{-1, -1};
       }},
      {"`image_channels` is 4; must be", [](TrainOptions& o) { o.image_channels = 4; }},
      {"`max_corrupt` is -1; must be", [](TrainOptions& o) { o.max_corrupt = -1; }},
      {"`loader_threads` is 0; must be", [](TrainOptions& o) { o.loader_threads = 0; }},
      {"`student_resolution` is 8x0; must be",
       [](TrainOptions& o) {
         o.student_resolution = ImageSize{8, 0};
       }},
      {"`optimizer` is 'adam'; must be", [](TrainOptions& o) { o.optimizer = "adam"; }},
      {"`schedule` is 'cosinus'; must be", [](TrainOptions& o) { o.schedule = "cosinus"; }},
      {"`decay_at` is 0.7 0.5; must be",
       [](TrainOptions& o) {
         o.decay_at = {0.7, 0.5};
       }},
      {"`gamma` is 0; must be", [](TrainOptions& o) { o.gamma = 0; }},
      {"`final_fraction` is 2; must be", [](TrainOptions& o) { o.final_fraction = 2; }},
      {"`clip_norm` is -1; must be", [](TrainOptions& o) { o.clip_norm = -1; }},
      {"`max_norm` is -1; must be", [](TrainOptions& o) { o.max_norm = -1; }},
      {"`accumulate` is 0; must be", [](TrainOptions& o) { o.accumulate = 0; }},
      {"`ema_decay` is 1; must be", [](TrainOptions& o) { o.ema_decay = 1; }},
      {"`label_smoothing` is 1; must be", [](TrainOptions& o) { o.label_smoothing = 1; }},
      {"`autocast` f16: ", [](TrainOptions& o) { o.autocast = "f16"; }},
      {"`device` is 'tpu'; must be", [](TrainOptions& o) { o.device = "tpu"; }},
      {"`checkpoint_every` is -1; must be", [](TrainOptions& o) { o.checkpoint_every = -1; }},
      {"`keep_checkpoints` is 0; must be", [](TrainOptions& o) { o.keep_checkpoints = 0; }},
      {"`student_arguments` is {}; must be left out",
       [](TrainOptions& o) {
         o.student = "runs/first/model";
         o.student_arguments = "{}";
       }},
      {"`connect_timeout` is 0; must be",
       [](TrainOptions& o) { o.teacher.connect_timeout = absl::ZeroDuration(); }},
      {"`student_arguments` is [1]; must be", [](TrainOptions& o) { o.student_arguments = "[1]"; }},
  };
  for (const BadCase& bad : cases) {
    TrainOptions options = Valid();
    bad.spoil(options);
    EXPECT_THAT(options.Validate(),
                ErrorIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr(bad.named)));
  }
}

}  // namespace
}  // namespace distill
