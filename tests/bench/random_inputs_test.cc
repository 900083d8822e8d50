#include "tests/bench/random_inputs.h"

#include <gmock/gmock.h>

#include <cstring>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::distill::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Lt;

template <typename T>
std::vector<T> Elements(const HostTensor& tensor) {
  std::vector<T> elements(tensor.bytes.size() / sizeof(T));
  tensor.bytes.CopyTo(elements.data());
  return elements;
}

TEST(RandomInputsTest, FitTheModel) {
  const std::vector<InputSpec> specs = {{"image", DType::kUint8, {3, 4, 4}},
                                        {"tokens", DType::kInt64, {-1}},
                                        {"x", DType::kFloat32, {2, 5}},
                                        {"half", DType::kFloat16, {8}},
                                        {"brain", DType::kBFloat16, {8}}};
  const auto inputs = RandomInputs(specs, {.samples = 6, .length = 7});
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  EXPECT_EQ(*CheckInputs(specs, *inputs, Lengths::kEqual), 6);
  EXPECT_EQ((*inputs)[1].values.shape, (Shape{6, 7}));
  EXPECT_THAT(Elements<int64_t>((*inputs)[1].values), Each(AllOf(Ge(0), Lt(100))));
  EXPECT_THAT(Elements<float>((*inputs)[2].values), Each(AllOf(Ge(0), Le(1))));
  // 1.0 is 0x3c00 as float16 and 0x3f80 as bfloat16.
  EXPECT_THAT(Elements<uint16_t>((*inputs)[3].values), Each(Lt(0x3c00)));
  EXPECT_THAT(Elements<uint16_t>((*inputs)[4].values), Each(Lt(0x3f80)));
}

TEST(RandomInputsTest, AreAFunctionOfTheSeed) {
  const std::vector<InputSpec> specs = {{"image", DType::kUint8, {64}}};
  const auto bytes = [&specs](uint64_t seed) {
    return RandomInputs(specs, {.samples = 2, .seed = seed})->front().values.bytes;
  };
  EXPECT_TRUE(bytes(1) == bytes(1));
  EXPECT_FALSE(bytes(1) == bytes(2));
}

TEST(RandomInputsTest, AVariableLengthMustBeGiven) {
  EXPECT_THAT(RandomInputs({{"tokens", DType::kInt64, {-1}}}, {.samples = 1}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("tokens")));
}

}  // namespace
}  // namespace distill
