#include "student_trainer/step/device_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <variant>

#include "tests/student_trainer/step/trainer_fixture.h"

namespace distill {
namespace {

using testing::AddTargets;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::kClasses;
using testing::SmallBatch;
using testing::StatusIs;

at::Tensor Int64(const std::vector<int64_t>& values) {
  return torch::tensor(values, torch::kInt64);
}

TEST(DeviceBatchTest, InputsAreNormalisedAndInChannelsLast) {
  TargetedBatch targeted;
  targeted.batch.inputs = {DType::kUint8, {1, 2, 1, 2}, Bytes::FromString("\x0a\x14\x1e\x28")};
  targeted.batch.labels = {0};
  const DeviceBatch batch =
      ToDevice(targeted, {.scale = 10, .mean = {1, 2}, .std = {0.5, 2}}, at::kCPU);
  EXPECT_TRUE(batch.inputs.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(at::allclose(batch.inputs, torch::tensor({0.F, 2.F, 0.5F, 1.F}).view({1, 2, 1, 2})));
}

TEST(DeviceBatchTest, SamplesWithoutALabelDoNotCount) {
  TargetedBatch targeted = SmallBatch(4);
  targeted.batch.labels = {2, kNoLabel, 0, kNoLabel};
  const DeviceBatch batch = ToDevice(targeted, {}, at::kCPU);
  EXPECT_TRUE(batch.labels.labels.equal(Int64({2, -1, 0, -1})));
  EXPECT_TRUE(batch.counts.equal(torch::tensor({true, false, true, false})));
  EXPECT_EQ(batch.labelled, 2);
  EXPECT_TRUE(batch.targets.empty());
}

TEST(DeviceBatchTest, OfTwoMixedLabelsTheOneWithMoreWeightIsTheLikeliest) {
  TargetedBatch targeted = SmallBatch(3);
  targeted.batch.labels = {0, 1, kNoLabel};
  targeted.batch.mixed_labels = {3, 3, 3};
  targeted.batch.label_weights = {0.75F, 0.25F, 0.75F};
  const DeviceBatch batch = ToDevice(targeted, {}, at::kCPU);
  EXPECT_EQ(batch.likeliest_labels[0].item<int64_t>(), 0);
  EXPECT_EQ(batch.likeliest_labels[1].item<int64_t>(), 3);
  EXPECT_TRUE(batch.labels.weights.equal(torch::tensor({0.75F, 0.25F, 0.75F})));
}

TEST(DeviceBatchTest, AnswersInPartsAreTheBatchsTargetsInOrder) {
  TargetedBatch targeted = SmallBatch(8);
  AddTargets(targeted);
  const DeviceBatch batch = ToDevice(targeted, {}, at::kCPU);
  const auto targets = TargetsOf(batch, kLogitsOutput);
  ASSERT_THAT(targets, IsOk());
  const at::Tensor& logits = std::get<FullLogits>(**targets).logits;
  EXPECT_TRUE(logits.argmax(1).equal((batch.labels.labels + 1).remainder(kClasses)));
}

TEST(DeviceBatchTest, TargetsOfOtherRowsOrClassesDoNotFitTheStudent) {
  TargetedBatch targeted = SmallBatch(8);
  AddTargets(targeted);
  const DeviceBatch batch = ToDevice(targeted, {}, at::kCPU);
  EXPECT_THAT(CheckFit(batch.targets.at(kLogitsOutput), torch::zeros({8, kClasses})), IsOk());
  EXPECT_THAT(CheckFit(batch.targets.at(kLogitsOutput), torch::zeros({7, kClasses})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("8 rows"), HasSubstr("7 rows"))));
  EXPECT_THAT(CheckFit(batch.targets.at(kLogitsOutput), torch::zeros({8, 5})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("4 classes")));
}

}  // namespace
}  // namespace distill
