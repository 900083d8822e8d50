#include "common/contract/input_spec.h"

#include <gtest/gtest.h>

#include <vector>

namespace distill {
namespace {

TEST(InputSpecTest, IsWrittenWithTypeAndShape) {
  const InputSpec image{"image", DType::kUint8, {3, 32, 32}};
  EXPECT_EQ(ToString(image), "image: uint8[3, 32, 32]");
  EXPECT_EQ(ToString(std::vector{image, InputSpec{"ids", DType::kInt64, {-1}}}),
            "image: uint8[3, 32, 32], ids: int64[-1]");
}

}  // namespace
}  // namespace distill
