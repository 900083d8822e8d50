#include "common/base/status_macros.h"

#include <gmock/gmock.h>

#include <memory>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::IsOk;
using testing::StatusIs;

absl::Status ReturnsOkAfter(const absl::Status& status) {
  RETURN_IF_ERROR(status);
  return absl::OkStatus();
}

absl::StatusOr<int> Doubled(absl::StatusOr<int> number) {
  ASSIGN_OR_RETURN(const int value, number);
  return 2 * value;
}

TEST(StatusMacrosTest, ReturnIfErrorHandsTheErrorUpwards) {
  EXPECT_THAT(ReturnsOkAfter(absl::NotFoundError("gone")),
              StatusIs(absl::StatusCode::kNotFound, "gone"));
  EXPECT_THAT(ReturnsOkAfter(absl::OkStatus()), IsOk());
}

TEST(StatusMacrosTest, ReturnIfErrorEvaluatesOnce) {
  int evaluated = 0;
  const auto run = [&]() -> absl::Status {
    RETURN_IF_ERROR((++evaluated, absl::OkStatus()));
    return absl::OkStatus();
  };
  EXPECT_THAT(run(), IsOk());
  EXPECT_EQ(evaluated, 1);
}

TEST(StatusMacrosTest, AssignOrReturnGivesTheValueOrTheError) {
  EXPECT_EQ(*Doubled(21), 42);
  EXPECT_THAT(Doubled(absl::DataLossError("lost")), StatusIs(absl::StatusCode::kDataLoss, "lost"));
}

TEST(StatusMacrosTest, AssignOrReturnMovesWhatCannotBeCopiedAndAssignsWhatExists) {
  const auto make = []() -> absl::StatusOr<std::unique_ptr<int>> {
    return std::make_unique<int>(7);
  };
  const auto run = [&]() -> absl::StatusOr<int> {
    std::unique_ptr<int> existing;
    ASSIGN_OR_RETURN(existing, make());
    ASSIGN_OR_RETURN(const std::unique_ptr<int> declared, make());
    return *existing + *declared;
  };
  EXPECT_EQ(*run(), 14);
}

}  // namespace
}  // namespace distill
