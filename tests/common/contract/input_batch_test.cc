#include "common/contract/input_batch.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::ErrorIs;
using ::testing::HasSubstr;

InputBatch Tensor(DType dtype, Shape shape, size_t bytes) {
  return HostTensor{dtype, std::move(shape), Bytes::FromString(std::string(bytes, '\0'))};
}

const std::vector<InputSpec>& ImageAndTokens() {
  static const auto* const specs = new std::vector<InputSpec>{{"image", DType::kUint8, {3, 4, 4}},
                                                              {"tokens", DType::kInt64, {-1}}};
  return *specs;
}

TEST(CheckInputsTest, FittingInputsGiveTheirNumberOfSamples) {
  EXPECT_EQ(
      *CheckInputs(ImageAndTokens(),
                   {Tensor(DType::kUint8, {5, 3, 4, 4}, 240), Tensor(DType::kInt64, {5, 7}, 280)},
                   Lengths::kEqual),
      5);
}

TEST(CheckInputsTest, AnInputOfOneNumberASampleHasABatchDimensionOnly) {
  const InputSpec spec{"x", DType::kFloat32, {}};
  EXPECT_EQ(*CheckInputs({&spec, 1}, {Tensor(DType::kFloat32, {2}, 8)}, Lengths::kEqual), 2);
}

TEST(CheckInputsTest, WhatDoesNotFitIsNamedWithWhatWould) {
  const InputBatch image = Tensor(DType::kUint8, {2, 3, 4, 4}, 96);
  const InputBatch tokens = Tensor(DType::kInt64, {2, 1}, 16);
  const int64_t huge = int64_t{1} << 62;
  const struct {
    const char* claim;
    std::vector<InputBatch> inputs;
    const char* message;
  } cases[] = {
      {"none", {}, "the number of input tensors is 0; must be 2"},
      {"too few", {image}, "the number of input tensors is 1; must be 2"},
      {"too many", {image, tokens, tokens}, "the number of input tensors is 3; must be 2"},
      {"dtype",
       {Tensor(DType::kInt8, {2, 3, 4, 4}, 96), tokens},
       "the dtype of input 'image' is int8; must be uint8"},
      {"rank",
       {Tensor(DType::kUint8, {3, 4, 4}, 48), tokens},
       "the shape of input 'image' is [3, 4, 4]; must be [3, 4, 4] behind a batch"},
      {"scalar", {Tensor(DType::kUint8, {}, 1), tokens}, "'image' is []; must be [3, 4, 4]"},
      {"shape",
       {Tensor(DType::kUint8, {2, 3, 4, 5}, 120), tokens},
       "'image' is [2, 3, 4, 5]; must be"},
      {"no sample",
       {Tensor(DType::kUint8, {0, 3, 4, 4}, 0), tokens},
       "samples of input 'image' is 0; must be 1 or more"},
      {"negative",
       {Tensor(DType::kUint8, {-1, 3, 4, 4}, 0), tokens},
       "samples of input 'image' is -1; must be 1 or more"},
      {"bytes",
       {Tensor(DType::kUint8, {2, 3, 4, 4}, 95), tokens},
       "input 'image': the number of bytes of uint8[2, 3, 4, 4] is 95; must be 96"},
      {"overflow", {Tensor(DType::kUint8, {huge, 3, 4, 4}, 96), tokens}, "'image'"},
      {"length 0", {image, Tensor(DType::kInt64, {2, 0}, 0)}, "'tokens' is [2, 0]; must be [-1]"},
      {"length -1",
       {image, Tensor(DType::kInt64, {2, -1}, 0)},
       "'tokens' is [2, -1]; must be [-1]"},
      {"samples",
       {image, Tensor(DType::kInt64, {3, 1}, 24)},
       "samples of input 'tokens' is 3; must be 2, as of 'image'"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(CheckInputs(ImageAndTokens(), c.inputs, Lengths::kEqual),
                ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.message)))
        << c.claim;
  }
}

TEST(CheckInputsTest, AModelWithoutInputsIsRefused) {
  EXPECT_THAT(CheckInputs({}, {}, Lengths::kEqual), ErrorIs(absl::StatusCode::kInvalidArgument));
}

// Two samples of an image, and tokens of these lengths.
std::vector<InputBatch> Ragged(int64_t positions, std::vector<int64_t> lengths) {
  InputBatch tokens =
      Tensor(DType::kInt64, {positions}, static_cast<size_t>(std::max<int64_t>(0, positions)) * 8);
  tokens.lengths = std::move(lengths);
  return {Tensor(DType::kUint8, {2, 3, 4, 4}, 96), std::move(tokens)};
}

TEST(CheckInputsTest, OnARaggedStreamSamplesHaveLengths) {
  EXPECT_EQ(*CheckInputs(ImageAndTokens(), Ragged(7, {2, 5}), Lengths::kRagged), 2);
}

TEST(CheckInputsTest, LengthsThatDoNotFitAreNamed) {
  const int64_t most = std::numeric_limits<int64_t>::max();
  const struct {
    const char* claim;
    std::vector<InputBatch> inputs;
    const char* message;
  } cases[] = {
      {"none", Ragged(7, {}),
       "the number of lengths of input 'tokens' is 0; must be one per sample"},
      {"too short", Ragged(7, {2, 4}), "the sum of the lengths of input 'tokens' is 6; must be 7"},
      {"too long", Ragged(7, {2, 6}), "is more than 7; must be 7, its first dimension"},
      {"empty sample", Ragged(7, {7, 0}), "the length of sample 1 of input 'tokens' is 0; must be"},
      {"negative", Ragged(7, {9, -2}), "the sum of the lengths of input 'tokens' is more than 7"},
      {"negative first", Ragged(7, {-2, 9}), "the length of sample 0 of input 'tokens' is -2"},
      {"overflow", Ragged(7, {most, most}), "is more than 7; must be 7"},
      {"samples", Ragged(7, {2, 2, 3}), "samples of input 'tokens' is 3; must be 2, as of 'image'"},
      {"padded",
       {Tensor(DType::kUint8, {2, 3, 4, 4}, 96), Tensor(DType::kInt64, {2, 4}, 64)},
       "'tokens' is [2, 4]; must be [-1] with the sum of its lengths for -1"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(CheckInputs(ImageAndTokens(), c.inputs, Lengths::kRagged),
                ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.message)))
        << c.claim;
  }
  EXPECT_THAT(
      CheckInputs(ImageAndTokens(), Ragged(7, {2, 5}), Lengths::kEqual),
      ErrorIs(absl::StatusCode::kInvalidArgument,
              HasSubstr("lengths of input 'tokens' is 2; must be 0, as the stream is not")));
}

TEST(CheckInputsTest, InputsOfVariableLengthHaveTheSameLengths) {
  const std::vector<InputSpec> specs = {{"ids", DType::kUint8, {-1}},
                                        {"types", DType::kUint8, {-1, 2}}};
  InputBatch ids = Tensor(DType::kUint8, {5}, 5), types = Tensor(DType::kUint8, {5, 2}, 10);
  ids.lengths = {2, 3};
  types.lengths = {3, 2};
  EXPECT_THAT(CheckInputs(specs, {ids, types}, Lengths::kRagged),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      HasSubstr("the length of sample 0 of input 'types' is 3; must be 2, as of "
                                "'ids'")));
  types.lengths = {2, 3};
  EXPECT_EQ(*CheckInputs(specs, {ids, types}, Lengths::kRagged), 2);
}

TEST(InputBatchTest, SlicesHoldTheSamplesWithTheirLengths) {
  const InputBatch batch{{DType::kUint8, {6}, Bytes::FromString("abbccc")}, {1, 2, 3}};
  EXPECT_EQ(batch.samples(), 3);
  const InputBatch last = SliceSamples(batch, 1, 3);
  EXPECT_EQ(last.values.bytes.ToString(), "bbccc");
  EXPECT_EQ(last.values.shape, (Shape{5}));
  EXPECT_EQ(last.lengths, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(SliceSamples(InputBatch(batch.values), 1, 3).values.bytes.ToString(), "bb");
  EXPECT_EQ(LengthsOf(std::vector{InputBatch(batch.values), batch}), batch.lengths);
}

TEST(InputBatchTest, TheLongestLengthIsOfLengthsOrOfTheShape) {
  EXPECT_EQ(LongestLength(ImageAndTokens(), Ragged(7, {2, 5})), 5);
  EXPECT_EQ(LongestLength(ImageAndTokens(), {Tensor(DType::kUint8, {2, 3, 4, 4}, 96),
                                             Tensor(DType::kInt64, {2, 4}, 64)}),
            4);
}

TEST(InputBatchTest, OnlyAFirstDimensionCanHaveLengths) {
  EXPECT_TRUE(HasLengths({"ids", DType::kInt64, {-1, 3}}));
  EXPECT_FALSE(HasLengths({"image", DType::kUint8, {3, -1, -1}}));
  EXPECT_FALSE(HasLengths({"area", DType::kUint8, {-1, -1}}));
  EXPECT_FALSE(HasLengths({"x", DType::kFloat32, {}}));
}

}  // namespace
}  // namespace distill
