#include "common/contract/input_spec.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::ErrorIs;
using ::testing::HasSubstr;

HostTensor Tensor(DType dtype, Shape shape, size_t bytes) {
  return {dtype, std::move(shape), Bytes::FromString(std::string(bytes, '\0'))};
}

const std::vector<InputSpec>& ImageAndTokens() {
  static const auto* const specs = new std::vector<InputSpec>{{"image", DType::kUint8, {3, 4, 4}},
                                                              {"tokens", DType::kInt64, {-1}}};
  return *specs;
}

TEST(InputSpecTest, IsWrittenWithTypeAndShape) {
  EXPECT_EQ(ToString(InputSpec{"image", DType::kUint8, {3, 32, 32}}), "image: uint8[3, 32, 32]");
}

TEST(CheckInputsTest, FittingInputsGiveTheirNumberOfSamples) {
  EXPECT_EQ(*CheckInputs(ImageAndTokens(), {Tensor(DType::kUint8, {5, 3, 4, 4}, 240),
                                            Tensor(DType::kInt64, {5, 7}, 280)}),
            5);
}

TEST(CheckInputsTest, AnInputOfOneNumberASampleHasABatchDimensionOnly) {
  const InputSpec spec{"x", DType::kFloat32, {}};
  EXPECT_EQ(*CheckInputs({&spec, 1}, {Tensor(DType::kFloat32, {2}, 8)}), 2);
}

TEST(CheckInputsTest, WhatDoesNotFitIsNamedWithWhatWould) {
  const HostTensor image = Tensor(DType::kUint8, {2, 3, 4, 4}, 96);
  const HostTensor tokens = Tensor(DType::kInt64, {2, 1}, 16);
  const int64_t huge = int64_t{1} << 62;
  const struct {
    const char* claim;
    std::vector<HostTensor> inputs;
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
    EXPECT_THAT(CheckInputs(ImageAndTokens(), c.inputs),
                ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.message)))
        << c.claim;
  }
}

TEST(CheckInputsTest, AModelWithoutInputsIsRefused) {
  EXPECT_THAT(CheckInputs({}, {}), ErrorIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace distill
