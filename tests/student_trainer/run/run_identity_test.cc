#include "student_trainer/run/run_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/student_trainer/testing/sequence_dataset.h"
#include "tests/student_trainer/testing/small_dataset.h"
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

TEST(DataDigest, LengthsAreOfTheData) {
  EXPECT_NE(*DataDigest(testing::SequenceDataset({"ab", "c"})),
            *DataDigest(testing::SequenceDataset({"a", "bc"})));
}

TrainingData SmallData() {
  TrainingData data;
  data.train = std::make_shared<testing::SmallDataset>(20);
  data.split.labelled = {1, 2, 3};
  return data;
}

TEST(RunIdentity, HoldsWhatDecidesWhatIsLearnt) {
  const auto identity = RunIdentity({{"seed", 1}}, /*deterministic=*/false, SmallData(),
                                    {.architecture = "mlp"}, nullptr);
  ASSERT_THAT(identity.status(), IsOk());
  EXPECT_EQ((*identity)["--seed"], 1);
  EXPECT_EQ((*identity)["labelled samples"], 3);
  EXPECT_EQ((*identity)["student"], "mlp");
  EXPECT_EQ((*identity)["data"], *DataDigest(*SmallData().train));
  EXPECT_FALSE(identity->contains("student's numerics"));
  const auto deterministic = RunIdentity({}, true, SmallData(), {}, nullptr);
  EXPECT_TRUE(deterministic->contains("student's numerics"));
}

TEST(CheckSameRun, NamesWhatDiffersWithBothValues) {
  const nlohmann::json before = {{"--seed", 1}, {"data", "abc"}, {"gone", true}, {"--old", 3}};
  EXPECT_THAT(CheckSameRun(before, {{"--seed", 1}, {"data", "abc"}, {"gone", true}}), IsOk());
  EXPECT_THAT(
      CheckSameRun(before, {{"--seed", 2}, {"data", "abc"}, {"new", 0.5}}),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr("`seed` was 1 and is 2"), HasSubstr("gone was true and is nothing"),
                     HasSubstr("new was nothing and is 0.5"), Not(HasSubstr("abc")))));
}

}  // namespace
}  // namespace distill
