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
  options.teachers = {"localhost:5000"};
  return options;
}

TEST(TrainOptions, DataStudentAndRunDirectoryAreEnough) {
  TrainOptions options = Valid();
  options.teachers.clear();
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
      {"--teacher", [](TrainOptions& o) { o.teachers.clear(), o.alpha = 0.5; }},
      {"--teacher: address 'here'",
       [](TrainOptions& o) {
         o.teachers = {"localhost:1", "here"};
       }},
      {"--teacher: address 'h:1' is given twice",
       [](TrainOptions& o) {
         o.teachers = {"h:1", "h:1"};
       }},
      {"--token_file",
       [](TrainOptions& o) { o.teachers.push_back("gpu:1"), o.security.token_file = "token"; }},
      {"--val_count", [](TrainOptions& o) { o.val = "more", o.split.val_count = 5; }},
      {"val_fraction", [](TrainOptions& o) { o.split.val_fraction = 1.5; }},
      {"label_count", [](TrainOptions& o) { o.split.label_count = -1; }},
      {"pad", [](TrainOptions& o) { o.views.pad = -1; }},
      {"connect_timeout", [](TrainOptions& o) { o.connect_timeout = absl::ZeroDuration(); }},
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
