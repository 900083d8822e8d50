#include "student_trainer/train/train_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::IsOk;
using testing::StatusIs;

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

struct BadCase {
  std::string named;  // what the message must name
  std::function<void(TrainOptions&)> spoil;
};

TEST(TrainOptions, WhatIsOutOfRangeOrContradictoryIsNamed) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const BadCase cases[] = {
      {"--train", [](TrainOptions& o) { o.train.clear(); }},
      {"--student", [](TrainOptions& o) { o.student.clear(); }},
      {"--student resnet1", [](TrainOptions& o) { o.student = "resnet1"; }},
      {"--run_dir", [](TrainOptions& o) { o.run_dir.clear(); }},
      {"--epochs 0", [](TrainOptions& o) { o.epochs = 0; }},
      {"--batch_size 1", [](TrainOptions& o) { o.batch_size = 1; }},
      {"--lr 0", [](TrainOptions& o) { o.lr = 0; }},
      {"--lr nan", [=](TrainOptions& o) { o.lr = nan; }},
      {"--momentum 1", [](TrainOptions& o) { o.momentum = 1; }},
      {"--weight_decay", [](TrainOptions& o) { o.weight_decay = -1; }},
      {"--warmup_epochs", [](TrainOptions& o) { o.warmup_epochs = 11; }},
      {"--threads", [](TrainOptions& o) { o.threads = -1; }},
      {"--validate_every", [](TrainOptions& o) { o.validate_every = 0; }},
      {"alpha", [](TrainOptions& o) { o.alpha = 1.5; }},
      {"alpha", [=](TrainOptions& o) { o.alpha = nan; }},
      {"temperature", [](TrainOptions& o) { o.temperature = 0; }},
      {"temperature", [](TrainOptions& o) { o.temperature = -2; }},
      {"--teacher", [](TrainOptions& o) { o.teacher.addresses.clear(), o.alpha = 0.5; }},
      {"--teacher: address 'here'",
       [](TrainOptions& o) {
         o.teacher.addresses = {"localhost:1", "here"};
       }},
      {"--teacher: address 'h:1' is given twice",
       [](TrainOptions& o) {
         o.teacher.addresses = {"h:1", "h:1"};
       }},
      {"--token_file",
       [](TrainOptions& o) {
         o.teacher.addresses.push_back("gpu:1"), o.teacher.security.token_file = "token";
       }},
      {"--val_count", [](TrainOptions& o) { o.val = "more", o.split.val_count = 5; }},
      {"val_fraction", [](TrainOptions& o) { o.split.val_fraction = 1.5; }},
      {"label_count", [](TrainOptions& o) { o.split.label_count = -1; }},
      {"pad", [](TrainOptions& o) { o.view_overrides.pad = -1; }},
      {"views", [](TrainOptions& o) { o.views = "wild"; }},
      {"--image_size", [](TrainOptions& o) { o.image_size = -1; }},
      {"--image_channels", [](TrainOptions& o) { o.image_channels = 4; }},
      {"--max_corrupt", [](TrainOptions& o) { o.max_corrupt = -1; }},
      {"--loader_threads", [](TrainOptions& o) { o.loader_threads = 0; }},
      {"--student_resolution", [](TrainOptions& o) { o.student_resolution = -1; }},
      {"--optimizer", [](TrainOptions& o) { o.optimizer = "adam"; }},
      {"--schedule", [](TrainOptions& o) { o.schedule = "cosinus"; }},
      {"--decay_at",
       [](TrainOptions& o) {
         o.decay_at = {0.7, 0.5};
       }},
      {"--gamma", [](TrainOptions& o) { o.gamma = 0; }},
      {"--final_fraction", [](TrainOptions& o) { o.final_fraction = 2; }},
      {"--clip_norm", [](TrainOptions& o) { o.clip_norm = -1; }},
      {"--max_norm", [](TrainOptions& o) { o.max_norm = -1; }},
      {"--accumulate", [](TrainOptions& o) { o.accumulate = 0; }},
      {"--ema_decay", [](TrainOptions& o) { o.ema_decay = 1; }},
      {"--label_smoothing", [](TrainOptions& o) { o.label_smoothing = 1; }},
      {"--autocast", [](TrainOptions& o) { o.autocast = "f16"; }},
      {"--device", [](TrainOptions& o) { o.device = "tpu"; }},
      {"--checkpoint_every", [](TrainOptions& o) { o.checkpoint_every = -1; }},
      {"--keep_checkpoints", [](TrainOptions& o) { o.keep_checkpoints = 0; }},
      {"--student_arguments",
       [](TrainOptions& o) {
         o.student = "runs/first/model";
         o.student_arguments = "{}";
       }},
      {"connect_timeout",
       [](TrainOptions& o) { o.teacher.connect_timeout = absl::ZeroDuration(); }},
      {"--student_arguments", [](TrainOptions& o) { o.student_arguments = "[1]"; }},
  };
  for (const BadCase& bad : cases) {
    TrainOptions options = Valid();
    bad.spoil(options);
    EXPECT_THAT(options.Validate(),
                StatusIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr(bad.named)));
  }
}

}  // namespace
}  // namespace distill
