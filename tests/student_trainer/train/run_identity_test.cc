#include "student_trainer/train/run_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/student_trainer/train/small_dataset.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::StatusIs;

TEST(DataDigest, TellsDataSetsApart) {
  const std::string digest = *DataDigest(testing::SmallDataset(100));
  EXPECT_EQ(*DataDigest(testing::SmallDataset(100)), digest);
  EXPECT_NE(*DataDigest(testing::SmallDataset(101)), digest);
  EXPECT_NE(*DataDigest(testing::SmallDataset(100, 5)), digest);
  EXPECT_NE(*DataDigest(testing::SmallDataset(100, 4, {"a", "b", "c", "d"})), digest);
}

TEST(CheckSameRun, NamesWhatDiffersWithBothValues) {
  const nlohmann::json before = {{"seed", 1}, {"data", "abc"}, {"gone", true}};
  EXPECT_THAT(CheckSameRun(before, before), IsOk());
  EXPECT_THAT(
      CheckSameRun(before, {{"seed", 2}, {"data", "abc"}, {"new", 0.5}}),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr("seed was 1 and is 2"), HasSubstr("gone was true and is nothing"),
                     HasSubstr("new was nothing and is 0.5"), Not(HasSubstr("abc")))));
}

}  // namespace
}  // namespace distill
