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
using testing::ScaledPixels;
using testing::SmallBatch;
using testing::StatusIs;

at::Tensor Int64(const std::vector<int64_t>& values) {
  return torch::tensor(values, torch::kInt64);
}

TEST(DeviceBatchTest, InputsAreNormalisedAndInChannelsLast) {
  TargetedBatch targeted;
  targeted.batch.inputs = {
      HostTensor{DType::kUint8, {1, 2, 1, 2}, Bytes::FromString("\x0a\x14\x1e\x28")}};
  targeted.batch.labels = {0};
  const DeviceBatch batch =
      ToDevice(targeted,
               {.inputs = {{"x", DType::kUint8, {2, 1, 2}}},
                .normalization = {.scale = 10, .mean = {1, 2}, .std = {0.5, 2}}},
               at::kCPU);
  EXPECT_TRUE(batch.inputs.only().is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(
      at::allclose(batch.inputs.only(), torch::tensor({0.F, 2.F, 0.5F, 1.F}).view({1, 2, 1, 2})));
}

TEST(DeviceBatchTest, SamplesWithoutALabelDoNotCount) {
  TargetedBatch targeted = SmallBatch(4);
  targeted.batch.labels = {2, kNoLabel, 0, kNoLabel};
  const DeviceBatch batch = ToDevice(targeted, ScaledPixels(), at::kCPU);
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
  const DeviceBatch batch = ToDevice(targeted, ScaledPixels(), at::kCPU);
  EXPECT_EQ(batch.likeliest_labels[0].item<int64_t>(), 0);
  EXPECT_EQ(batch.likeliest_labels[1].item<int64_t>(), 3);
  EXPECT_TRUE(batch.labels.weights.equal(torch::tensor({0.75F, 0.25F, 0.75F})));
}

TEST(DeviceBatchTest, AnswersInPartsAreTheBatchsTargetsInOrder) {
  TargetedBatch targeted = SmallBatch(8);
  AddTargets(targeted);
  const DeviceBatch batch = ToDevice(targeted, ScaledPixels(), at::kCPU);
  const auto targets = TargetsOf(batch, kLogitsOutput);
  ASSERT_THAT(targets, IsOk());
  const at::Tensor& logits = std::get<FullLogits>(**targets).logits;
  EXPECT_TRUE(logits.argmax(1).equal((batch.labels.labels + 1).remainder(kClasses)));
}

TEST(DeviceBatchTest, TargetsOfOtherRowsOrClassesDoNotFitTheStudent) {
  TargetedBatch targeted = SmallBatch(8);
  AddTargets(targeted);
  const DeviceBatch batch = ToDevice(targeted, ScaledPixels(), at::kCPU);
  EXPECT_THAT(CheckFit(batch.targets.at(kLogitsOutput), torch::zeros({8, kClasses})), IsOk());
  EXPECT_THAT(CheckFit(batch.targets.at(kLogitsOutput), torch::zeros({7, kClasses})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("8 rows"), HasSubstr("7 rows"))));
  EXPECT_THAT(CheckFit(batch.targets.at(kLogitsOutput), torch::zeros({8, 5})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("4 classes")));
}

// Samples "ab" and "c", of which the second position of the first has no row.
TargetedBatch Sequences() {
  TargetedBatch targeted;
  targeted.batch.inputs = {
      InputBatch({DType::kUint8, {3}, Bytes::FromString("\x05\x06\x07")}, {2, 1})};
  targeted.batch.wanted = {true, false, true};
  targeted.batch.labels = {1, 2};
  targeted.batch.sample_ids = {8, 9};
  return targeted;
}

ModelDescription OfSequences() { return {.inputs = {{"x", DType::kUint8, {-1}}}, .pad_id = 0}; }

TEST(DeviceBatchTest, SamplesOfDifferentLengthsArePaddedWithAMask) {
  const DeviceBatch batch = ToDevice(Sequences(), OfSequences(), at::kCPU);
  EXPECT_TRUE(batch.inputs.only().equal(torch::tensor({{5.F, 6.F}, {7.F, 0.F}})));
  EXPECT_TRUE(batch.inputs.mask.equal(torch::tensor({{true, true}, {true, false}})));
  // The first positions of both.
  EXPECT_TRUE(batch.row_index.equal(Int64({0, 2})));
  const at::Tensor logits = torch::arange(8.F).view({2, 2, 2});
  EXPECT_TRUE(LogitsOfRows(logits, batch).equal(torch::tensor({{0.F, 1.F}, {4.F, 5.F}})));
  const at::Tensor by_sample = torch::zeros({2, 2});
  EXPECT_TRUE(LogitsOfRows(by_sample, batch).equal(by_sample));
}

TEST(DeviceBatchTest, AnswersAboutAllPositionsAreCutToTheRows) {
  TargetedBatch targeted = Sequences();
  const at::Tensor all = torch::arange(6.F).view({3, 2});
  targeted.targets = {
      {kLogitsOutput, {EncodeTargets({.encoding = TargetEncoding::kDenseF32}, all, {})}}};
  const DeviceBatch batch = ToDevice(targeted, OfSequences(), at::kCPU);
  EXPECT_TRUE(std::get<FullLogits>(batch.targets.at(kLogitsOutput))
                  .logits.equal(all.index_select(0, Int64({0, 2}))));
}

}  // namespace
}  // namespace distill
