#include "common/base/check.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::ErrorIs;
using testing::IsOk;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(CheckTest, AtLeastAcceptsTheBoundAndRefusesWhatIsBelow) {
  EXPECT_THAT(CheckAtLeast("epochs", 1, 1), IsOk());
  EXPECT_THAT(CheckAtLeast("epochs", 0, 1), ErrorIs(kInvalid, "`epochs` is 0; must be 1 or more"));
  EXPECT_THAT(CheckAtLeast("threads", -1, 0, "one per core"),
              ErrorIs(kInvalid, "`threads` is -1; must be 0 (one per core) or more"));
}

TEST(CheckTest, InRangeAcceptsBothBounds) {
  EXPECT_THAT(CheckInRange("port", 0, 0, 65535), IsOk());
  EXPECT_THAT(CheckInRange("port", 65535, 0, 65535), IsOk());
  for (const int port : {-1, 65536}) {
    EXPECT_THAT(CheckInRange("port", port, 0, 65535),
                ErrorIs(kInvalid, absl::StrCat("`port` is ", port, "; must be 0 to 65535")));
  }
}

TEST(CheckTest, AHalfOpenRangeRefusesItsUpperBound) {
  EXPECT_THAT(CheckInHalfOpenRange("momentum", 0.0, 0, 1), IsOk());
  EXPECT_THAT(CheckInHalfOpenRange("momentum", 1.0, 0, 1),
              ErrorIs(kInvalid, "`momentum` is 1; must be 0 or more and less than 1"));
}

TEST(CheckTest, MoreThanRefusesTheBound) {
  EXPECT_THAT(CheckMoreThan("lr", 1e-9, 0), IsOk());
  EXPECT_THAT(CheckMoreThan("lr", 0.0, 0), ErrorIs(kInvalid, "`lr` is 0; must be more than 0"));
}

TEST(CheckTest, NoCheckAcceptsNanAndNoneWithoutUpperBoundInfinity) {
  EXPECT_THAT(CheckAtLeast("x", NAN, 0), ErrorIs(kInvalid, "`x` is nan; must be 0 or more"));
  EXPECT_THAT(CheckInRange("x", NAN, 0, 1), ErrorIs(kInvalid));
  EXPECT_THAT(CheckInHalfOpenRange("x", NAN, 0, 1), ErrorIs(kInvalid));
  EXPECT_THAT(CheckMoreThan("x", NAN, 0), ErrorIs(kInvalid));
  EXPECT_THAT(CheckAtLeast("x", INFINITY, 0),
              ErrorIs(kInvalid, "`x` is inf; must be finite and 0 or more"));
  EXPECT_THAT(CheckMoreThan("x", INFINITY, 0),
              ErrorIs(kInvalid, "`x` is inf; must be finite and more than 0"));
  EXPECT_THAT(CheckMoreThan("x", -INFINITY, 0),
              ErrorIs(kInvalid, "`x` is -inf; must be more than 0"));
}

TEST(CheckTest, DurationsAreWrittenWithTheirUnits) {
  EXPECT_THAT(CheckInRange("batch_delay", absl::Hours(1), absl::ZeroDuration(), absl::Seconds(10)),
              ErrorIs(kInvalid, "`batch_delay` is 1h; must be 0 to 10s"));
}

TEST(CheckTest, AnUnknownNameIsRefusedWithTheKnownAndTheNearest) {
  EXPECT_THAT(CheckOneOf("optimizer", "sgd", {"sgd", "adamw"}), IsOk());
  EXPECT_THAT(
      CheckOneOf("optimizer", "adam", {"sgd", "adamw"}),
      ErrorIs(kInvalid, "`optimizer` is 'adam'; must be sgd or adamw (did you mean adamw?)"));
}

TEST(CheckTest, AnEmptyValueIsMissing) {
  EXPECT_THAT(CheckGiven("train", "data", "training data"), IsOk());
  EXPECT_THAT(CheckGiven("train", "", "training data"),
              ErrorIs(kInvalid, "`train`: it is missing; give training data"));
}

}  // namespace
}  // namespace distill
