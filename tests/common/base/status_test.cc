#include "common/base/status.h"

#include <gmock/gmock.h>

#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "common/base/status_macros.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::IsOk;
using testing::StatusIs;

constexpr char kPayloadType[] = "type.googleapis.com/distill.test";

TEST(AnnotateTest, SaysWhereAndKeepsTheCode) {
  EXPECT_THAT(Annotate(absl::DataLossError("the header: it is cut"), "/data/a.idx"),
              StatusIs(absl::StatusCode::kDataLoss, "/data/a.idx: the header: it is cut"));
}

TEST(AnnotateTest, KeepsThePayloads) {
  absl::Status status = absl::UnavailableError("the server: it drains");
  status.SetPayload(kPayloadType, absl::Cord("bytes"));
  EXPECT_EQ(Annotate(status, "teacher").GetPayload(kPayloadType), absl::Cord("bytes"));
}

TEST(AnnotateTest, OkStaysOkAndNoPlaceChangesNothing) {
  EXPECT_THAT(Annotate(absl::OkStatus(), "anywhere"), IsOk());
  EXPECT_EQ(Annotate(absl::NotFoundError("gone"), ""), absl::NotFoundError("gone"));
}

absl::Status ReadPart(const absl::Status& status, int part) {
  RETURN_IF_ERROR(status, "part ", part);
  return absl::OkStatus();
}

absl::StatusOr<int> ReadNumber(const absl::StatusOr<int>& number, int part) {
  ASSIGN_OR_RETURN(const int value, number, "part ", part);
  return value;
}

TEST(AnnotateTest, TheMacrosAnnotateWithWhatFollowsTheExpression) {
  EXPECT_THAT(ReadPart(absl::NotFoundError("no file"), 3),
              StatusIs(absl::StatusCode::kNotFound, "part 3: no file"));
  EXPECT_THAT(ReadPart(absl::OkStatus(), 3), IsOk());
  EXPECT_THAT(ReadNumber(absl::NotFoundError("no file"), 4),
              StatusIs(absl::StatusCode::kNotFound, "part 4: no file"));
  EXPECT_EQ(*ReadNumber(7, 4), 7);
}

TEST(InvalidValueTest, HasTheFormOfAnError) {
  EXPECT_THAT(InvalidValue("the port", 70000, "0 to 65535"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "the port is 70000; must be 0 to 65535"));
}

}  // namespace
}  // namespace distill
