#include "student_trainer/evaluation/model_timing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/student_trainer/testing/small_model_directory.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using testing::IsOk;
using testing::SmallDescription;
using testing::StatusIs;
using testing::WriteSmallModel;

class ModelTimingTest : public ::testing::Test {
 protected:
  ModelTimingTest() {
    WriteSmallModel(dir_.path(), SmallDescription());
    model_ = LoadedModel::Load(dir_.path()).value();
  }

  const testing::TempDir dir_;
  std::unique_ptr<LoadedModel> model_;
};

TEST_F(ModelTimingTest, EachModelHasItsFiguresInOrder) {
  const auto seven = model_->ExampleInputs(7);
  const auto two = model_->ExampleInputs(2);
  const auto timings = TimeInTurns({{model_.get(), seven}, {model_.get(), two}},
                                   {.rounds = 2, .latencies_per_round = 3});
  ASSERT_THAT(timings.status(), IsOk());
  ASSERT_EQ(timings->size(), 2u);
  EXPECT_EQ((*timings)[0].batch_size, 7);
  EXPECT_EQ((*timings)[1].batch_size, 2);
  for (const Timing& timing : *timings) {
    EXPECT_GT(timing.latency_p50_ms, 0);
    EXPECT_GE(timing.latency_p99_ms, timing.latency_p50_ms);
    EXPECT_GT(timing.samples_per_s, 0);
  }
}

TEST_F(ModelTimingTest, WithoutTimeThreeRoundsAreMeasured) {
  const auto two = model_->ExampleInputs(2);
  const auto timings =
      TimeInTurns({{model_.get(), two}}, {.rounds = 1 << 30, .budget = absl::Nanoseconds(1)});
  ASSERT_THAT(timings.status(), IsOk());
  EXPECT_GT(timings->front().samples_per_s, 0);
}

TEST_F(ModelTimingTest, InputsThatTheModelDoesNotTakeAreItsError) {
  EXPECT_THAT(TimeInTurns({{model_.get(), {torch::zeros({2, 9}, torch::kUInt8)}}},
                          {.rounds = 1, .latencies_per_round = 1})
                  .status(),
              StatusIs(absl::StatusCode::kInternal));
}

}  // namespace
}  // namespace distill
