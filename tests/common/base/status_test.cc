#include "common/base/status.h"

#include <gmock/gmock.h>

#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "common/base/status_macros.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::FollowsGrammar;
using testing::IsOk;
using ::testing::Not;
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
  EXPECT_THAT(
      InvalidValue("the port", 70000, "0 to 65535"),
      StatusIs(absl::StatusCode::kInvalidArgument, "the port is 70000; must be 0 to 65535"));
}

TEST(ErrorGrammarTest, BothFormsFollowIt) {
  for (const char* message : {
           "`batch_size` is 0; must be 1 or more",
           "/data/a.idx: the header is cut",
           "/data/a.idx: the magic number is 0x3; must be 0x801 (labels)",
           "cannot open /data/a.idx: No such file or directory",
           "the teacher at host:1 refused: `k` is 0; must be 1 to 9 with the encoding top_k",
           "`run_dir` run: it exists already; set `resume`, or name another",
           "the server: it is lost; wait; or give another",
           "unix:/tmp/a--b.sock: address in use",
       }) {
    EXPECT_THAT(message, FollowsGrammar());
  }
}

TEST(ErrorGrammarTest, WhatHasAnotherFormBreaksIt) {
  for (const char* message : {
           "",
           "the header is cut",                      // no REASON
           ": the header is cut",                    // no WHAT
           "a.idx:the header is cut",                // no space
           "a.idx: ",                                // no REASON
           "a.idx: the header is cut.",              // a stop at the end
           "a.idx: the header is cut;",              // no FIX
           "a.idx: the header\nis cut",              // two lines
           "epochs must be 1 or more",               // no VALUE
           "epochs: must be 1 or more, not 0",       // the RANGE before the VALUE
           "epochs is 0, must be 1 or more",         // no semicolon
           "epochs is 0; it must be 1 or more",      // other words
           "epochs is 0; must be 1; must be whole",  // two RANGEs
           "a.idx: it has 3 bytes, expected 4",      // a RANGE in other words
           "pad: allowed are 0 to 3",                // the same
           "--epochs is 0; must be 1 or more",       // a flag
           "a.idx: it is cut; see --train",          // the same
       }) {
    EXPECT_THAT(message, Not(FollowsGrammar()));
  }
}

TEST(ReasonOfTest, IsTheFirstLineWithoutTheStopsAtItsEnd) {
  EXPECT_EQ(OneLineReason("Method not found!"), "Method not found");
  EXPECT_EQ(OneLineReason("not a ZIP archive. It is damaged.\nException raised from"),
            "not a ZIP archive. It is damaged");
  EXPECT_EQ(OneLineReason("plain"), "plain");
  EXPECT_EQ(OneLineReason("...\n"), "");
  EXPECT_EQ(OneLineReason(""), "");
}

}  // namespace
}  // namespace distill
