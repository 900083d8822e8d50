#include "student_trainer/views/resample/fit_to_student.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::IsOk;
using testing::StatusIs;

InputSpec Square(int64_t side) { return {"image", DType::kUint8, {1, side, side}}; }

// One grey image of 4x4 pixels of level 40.
HostTensor GreyImage() {
  return {DType::kUint8, {1, 1, 4, 4}, Bytes::FromString(std::string(16, 40))};
}

TEST(FitToStudentTest, GivesTheStudentItsResolution) {
  for (const int64_t side : {1, 2, 4}) {
    const absl::StatusOr<HostTensor> fitted = FitToStudent(GreyImage(), Square(side));
    ASSERT_THAT(fitted, IsOk());
    EXPECT_EQ(fitted->shape, (Shape{1, 1, side, side}));
    EXPECT_EQ(fitted->bytes.ToString(), std::string(static_cast<size_t>(side * side), 40));
  }
}

TEST(FitToStudentTest, ALargerResolutionIsRefused) {
  EXPECT_THAT(FitToStudent(GreyImage(), Square(8)), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(FitToStudentTest, InputsThatAreNotImagesStayAsTheyAre) {
  const HostTensor tokens{DType::kUint8, {2, 3}, Bytes::FromString("abcdef")};
  const absl::StatusOr<HostTensor> fitted = FitToStudent(tokens, {"input_ids", DType::kUint8, {2}});
  ASSERT_THAT(fitted, IsOk());
  EXPECT_EQ(fitted->shape, tokens.shape);
}

}  // namespace
}  // namespace distill
