#include "student_trainer/options/deciding_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::IsOk;

const Shape kShape = {3, 32, 32};
constexpr int64_t kSamples = 5000;

nlohmann::json Deciding(const TrainOptions& options) {
  const absl::StatusOr<nlohmann::json> json = DecidingOptions(options, kShape, kSamples);
  EXPECT_THAT(json, IsOk());
  return json.value_or(nlohmann::json());
}

TrainOptions WithTeacher() {
  TrainOptions options;
  options.teacher.addresses = {"gpu:50051"};
  return options;
}

TEST(DecidingOptionsTest, ADefaultEqualsTheSameValueGiven) {
  TrainOptions given = WithTeacher();
  given.batch_size = kUsualBatchSize;
  given.lr = 0.1;
  given.alpha = 0.9;
  given.final_alpha = 0.9;
  given.temperature = 2;
  given.final_temperature = 2;
  given.objective_parameters = "";
  EXPECT_EQ(Deciding(given), Deciding(WithTeacher()));
}

TEST(DecidingOptionsTest, WhatChangesTheWeightsIsAmongThem) {
  const nlohmann::json usual = Deciding(WithTeacher());
  const auto differs = [&](auto change) {
    TrainOptions options = WithTeacher();
    change(options);
    return Deciding(options) != usual;
  };
  EXPECT_TRUE(differs([](TrainOptions& o) { o.lr = 0.2; }));
  EXPECT_TRUE(differs([](TrainOptions& o) { o.seed = 1; }));
  EXPECT_TRUE(differs([](TrainOptions& o) { o.views = "light"; }));
  EXPECT_TRUE(differs([](TrainOptions& o) { o.alpha = 0.5; }));
  EXPECT_TRUE(differs([](TrainOptions& o) { o.temperature = 4; }));
  EXPECT_TRUE(differs([](TrainOptions& o) { o.objective = "dkd"; }));
  EXPECT_TRUE(differs([](TrainOptions& o) { o.encoding = TargetEncoding::kDenseF32; }));
}

TEST(DecidingOptionsTest, PlacesAndSpeedAreNotAmongThem) {
  TrainOptions moved = WithTeacher();
  moved.teacher.addresses = {"other:1", "other:2"};
  moved.run_dir = "elsewhere";
  moved.threads = 7;
  moved.loader_threads = 3;
  moved.checkpoint_every = 5;
  moved.on_teacher_loss = TeacherLossPolicy::kHardLabels;
  EXPECT_EQ(Deciding(moved), Deciding(WithTeacher()));
}

TEST(DecidingOptionsTest, WithoutATeacherItsOptionsDecideNothing) {
  TrainOptions hard_labels;
  hard_labels.objective = "dkd";
  hard_labels.temperature = 4;
  hard_labels.encoding = TargetEncoding::kDenseF32;
  EXPECT_EQ(Deciding(hard_labels), Deciding(TrainOptions()));
}

TEST(DecidingOptionsTest, OfAScheduleOrAnOptimizerThatIsNotUsedNothingIsCompared) {
  TrainOptions options;
  options.gamma = 0.5;
  EXPECT_EQ(Deciding(options), Deciding(TrainOptions()));
  options.schedule = "step";
  EXPECT_EQ(Deciding(options)["gamma"], 0.5);
  options.optimizer = "adamw";
  EXPECT_FALSE(Deciding(options).contains("momentum"));
}

}  // namespace
}  // namespace distill
