#include "student_trainer/alignment/teacher_logits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <thread>
#include <vector>

#include "student_trainer/data/read_samples.h"
#include "tests/student_trainer/testing/small_dataset.h"
#include "tests/testing/fake_teacher/fake_teacher.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::FakeTeacher;
using testing::FakeTeacherOptions;
using testing::IsOk;
using testing::SmallDataset;
using testing::StatusIs;

const std::vector<std::string> kNames = {"ant", "bee", "cat", "dog"};

class TeacherLogitsTest : public ::testing::Test {
 protected:
  static FakeTeacherOptions TeacherOfImages() {
    FakeTeacherOptions options;
    options.model.inputs = {{"image", DType::kUint8, {1, 4, 4}}};
    options.model.classes = 4;
    options.limits = {.credits = 8, .max_request_samples = 3};
    return options;
  }
  void SetUp() override { teacher_.Start(); }

  absl::StatusOr<std::unique_ptr<TeacherPool>> Connect(std::stop_token stop = {}) {
    return ConnectForLogits({.addresses = {teacher_.address()}}, "the test", kNames, {},
                            Clock::Real(), std::move(stop));
  }

  const SmallDataset data_{10, 4, kNames};
  FakeTeacher teacher_{TeacherOfImages()};
};

TEST_F(TeacherLogitsTest, LogitsAreThoseOfTheSamplesInTheirOrder) {
  auto teachers = Connect();
  ASSERT_THAT(teachers, IsOk());
  CorruptSamples corrupt;
  const std::vector<InputBatch> samples =
      ReadSamples(data_, std::vector<int64_t>{7, 2, 3, 9, 0}, corrupt)->inputs;
  const auto logits = FetchLogits(**teachers, {samples});
  ASSERT_THAT(logits, IsOk());
  ASSERT_EQ(logits->sizes().vec(), (std::vector<int64_t>{5, 4}));
  const std::string bytes = samples[0].values.bytes.ToString();
  for (int64_t i = 0; i < 5; ++i) {
    const auto* sample = reinterpret_cast<const uint8_t*>(bytes.data()) + 16 * i;
    EXPECT_TRUE((*logits)[i].equal(torch::tensor(testing::FakeLogits({sample, 16}, 4)))) << i;
  }
  EXPECT_GT(teacher_.requests().size(), 1u);  // more samples than a request may have
}

TEST_F(TeacherLogitsTest, TheTeacherIsToldTheClientsNameAndTheOrderOfTheClasses) {
  ASSERT_THAT(Connect(), IsOk());
  EXPECT_EQ(teacher_.opens().at(0).client, "the test");
  EXPECT_EQ(teacher_.opens().at(0).class_names, kNames);
}

TEST_F(TeacherLogitsTest, AStopEndsTheWaitForAConnection) {
  teacher_.IgnoreOpens();
  std::stop_source stop;
  std::thread stopper([&] {
    teacher_.WaitForOpens(1);
    stop.request_stop();
  });
  EXPECT_THAT(Connect(stop.get_token()), StatusIs(absl::StatusCode::kCancelled));
  stopper.join();
}

}  // namespace
}  // namespace distill
