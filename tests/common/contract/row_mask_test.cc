#include "common/contract/row_mask.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::ElementsAre;
using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;

TEST(RowMaskTest, BitsGoFromTheLowestOfTheFirstByteUp) {
  std::vector<bool> wanted(10, false);
  wanted[0] = wanted[3] = wanted[9] = true;
  const std::string mask = PackRowMask(wanted);
  EXPECT_EQ(mask, "\x09\x02");
  EXPECT_THAT(SelectedRows(mask, 10), ElementsAre(0, 3, 9));
  EXPECT_EQ(CountSelectedRows(mask, 10), 3);
}

TEST(RowMaskTest, AnEmptyMaskSelectsAllPositions) {
  EXPECT_THAT(SelectedRows("", 3), ElementsAre(0, 1, 2));
  EXPECT_EQ(CountSelectedRows("", 3), 3);
}

TEST(RowMaskTest, AMaskOfASampleWithoutAPositionIsRefused) {
  EXPECT_THAT(CheckRowMask(PackRowMask({true, false, false, true}), {2, 2}), IsOk());
  EXPECT_THAT(CheckRowMask(PackRowMask({true, true, false, false}), {2, 2}),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      HasSubstr("row_mask: it selects no position of sample 1")));
}

TEST(RowMaskTest, AMaskOfAnotherSizeIsRefused) {
  EXPECT_THAT(CheckRowMask("\xff", {8}), IsOk());
  EXPECT_THAT(CheckRowMask("\xff\xff", {8}),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      HasSubstr("the size of row_mask is 2 bytes; must be 1 for 8 positions")));
  EXPECT_THAT(CheckRowMask("\xff", {8, 1}), ErrorIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(CheckRowMask("\xff", {5}),
              ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("an unused bit")));
}

}  // namespace
}  // namespace distill
