#include "common/tensor/input_spec.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

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
      {"none", {}, "expected 2 input tensors, got 0"},
      {"too few", {image}, "expected 2 input tensors, got 1"},
      {"too many", {image, tokens, tokens}, "expected 2 input tensors, got 3"},
      {"dtype",
       {Tensor(DType::kInt8, {2, 3, 4, 4}, 96), tokens},
       "'image' must be uint8, not int8"},
      {"rank", {Tensor(DType::kUint8, {3, 4, 4}, 48), tokens}, "'image' must have shape [3, 4, 4]"},
      {"scalar", {Tensor(DType::kUint8, {}, 1), tokens}, "'image' must have shape [3, 4, 4]"},
      {"shape", {Tensor(DType::kUint8, {2, 3, 4, 5}, 120), tokens}, "not [2, 3, 4, 5]"},
      {"no sample", {Tensor(DType::kUint8, {0, 3, 4, 4}, 0), tokens}, "at least one sample, not 0"},
      {"negative",
       {Tensor(DType::kUint8, {-1, 3, 4, 4}, 0), tokens},
       "at least one sample, not -1"},
      {"bytes", {Tensor(DType::kUint8, {2, 3, 4, 4}, 95), tokens}, "takes 96 bytes, not 95"},
      {"overflow", {Tensor(DType::kUint8, {huge, 3, 4, 4}, 96), tokens}, "'image'"},
      {"length 0", {image, Tensor(DType::kInt64, {2, 0}, 0)}, "'tokens' must have shape [-1]"},
      {"length -1", {image, Tensor(DType::kInt64, {2, -1}, 0)}, "'tokens' must have shape [-1]"},
      {"samples", {image, Tensor(DType::kInt64, {3, 1}, 24)}, "'tokens' has 3 samples"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(CheckInputs(ImageAndTokens(), c.inputs),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.message)))
        << c.claim;
  }
}

TEST(CheckInputsTest, AModelWithoutInputsIsRefused) {
  EXPECT_THAT(CheckInputs({}, {}), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace distill
