#include "common/torch/padding.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <vector>

#include "common/torch/host_tensors.h"

namespace distill {
namespace {

using ::testing::ElementsAre;

TEST(PaddingTest, ALengthIsPaddedToTheNextMultipleThatTheLimitAllows) {
  EXPECT_EQ(PaddedLength(1, 8192), 16);
  EXPECT_EQ(PaddedLength(16, 8192), 16);
  EXPECT_EQ(PaddedLength(17, 8192), 32);
  EXPECT_EQ(PaddedLength(498, 500), 500);  // a model of 500 positions
  EXPECT_EQ(PaddedLength(500, 500), 500);
}

TEST(PaddingTest, SamplesAreGroupedByWhatTheyArePaddedTo) {
  const std::vector<LengthGroup> groups = GroupByLength({3, 20, 16, 1, 32}, true, 8192);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].padded, 16);
  EXPECT_THAT(groups[0].samples, ElementsAre(0, 2, 3));
  EXPECT_EQ(groups[1].padded, 32);
  EXPECT_THAT(groups[1].samples, ElementsAre(1, 4));
}

TEST(PaddingTest, WithoutPaddingSamplesOfOneLengthAreAGroup) {
  const std::vector<LengthGroup> groups = GroupByLength({3, 2, 3}, false, 8192);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].padded, 2);
  EXPECT_THAT(groups[1].samples, ElementsAre(0, 2));
}

TEST(PaddingTest, SamplesArePaddedAtTheirEnds) {
  const at::Tensor values = torch::tensor({1, 2, 2, 3, 3, 3}, torch::kInt64);
  const InputBatch tokens{FromTorch(values), {1, 2, 3}};
  const InputBatch fixed{FromTorch(torch::tensor({7, 8, 9}, torch::kInt64))};
  const std::vector<at::Tensor> padded = PadSamples({tokens, fixed}, {2, 0}, 4, -5);
  EXPECT_TRUE(padded[0].equal(torch::tensor({{3, 3, 3, -5}, {1, -5, -5, -5}}, torch::kInt64)));
  EXPECT_TRUE(padded[1].equal(torch::tensor({9, 7}, torch::kInt64)));
}

TEST(PaddingTest, TheMaskIsTrueAtASamplesOwnPositions) {
  const std::vector<InputSpec> specs = {{"ids", DType::kInt64, {-1}}};
  const at::Tensor ids = torch::tensor({{5, 0, 0}, {0, 0, 6}}, torch::kInt64);
  const at::Tensor lengths = torch::tensor({1, 3}, torch::kInt64);
  EXPECT_TRUE(InputMask(specs, 0, {ids}, lengths)
                  .equal(torch::tensor({{true, false, false}, {true, true, true}})));
  // Without lengths, padding is what has the id of padding.
  EXPECT_TRUE(InputMask(specs, 0, {ids}, {})
                  .equal(torch::tensor({{true, false, false}, {false, false, true}})));
}

TEST(PaddingTest, NumbersHaveNoPaddingOfTheirOwn) {
  const std::vector<InputSpec> sound = {{"sound", DType::kFloat32, {-1, 2}}};
  EXPECT_FALSE(TellsPadding(sound));
  EXPECT_TRUE(
      InputMask(sound, 0, {torch::zeros({2, 3, 2})}, {}).equal(torch::ones({2, 3}, torch::kBool)));
  EXPECT_FALSE(InputMask({{"x", DType::kFloat32, {4}}}, 0, {torch::zeros({2, 4})}, {}).defined());
}

TEST(PaddingTest, WhatCannotBePaddedIsGroupedByItsOwnLength) {
  const std::vector<int64_t> lengths = {18, 3, 20, 18};
  const LengthGroup group = GroupByLength(lengths, true, 8192)[1];  // 18, 20 and 18
  const std::vector<LengthGroup> own = WithoutPadding(group, 0, lengths);
  ASSERT_EQ(own.size(), 2u);
  EXPECT_EQ(own[0].padded, 18);
  EXPECT_THAT(own[0].samples, ElementsAre(0, 3));
  EXPECT_THAT(own[1].samples, ElementsAre(2));
  EXPECT_TRUE(WithoutPadding(own[0], 0, lengths).empty());  // nothing is padded there
}

TEST(PaddingTest, TheIdOfPaddingBelongsToTheFirstInputOfVariableLength) {
  const InputBatch fixed{HostTensor{DType::kUint8, {1}, Bytes::FromString("x")}};
  const InputBatch tokens{{DType::kUint8, {1}, Bytes::FromString("x")}, {1}};
  EXPECT_EQ(PadValue({fixed, tokens, tokens}, 1, 29), 29);
  EXPECT_EQ(PadValue({fixed, tokens, tokens}, 2, 29), 0);
}

}  // namespace
}  // namespace distill
