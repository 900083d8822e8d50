#include "student_trainer/run/run_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

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

TEST(RunIdentity, HoldsTheOptionsButThoseThatDecideNothingOfWhatIsLearnt) {
  TrainOptions options;
  options.config_toml = "[train]\nseed=1\nthreads=2\nteacher=\"unix:/a\"\nlr=0.1\nbroken\n";
  TrainingData data;
  data.train = std::make_unique<testing::SmallDataset>(20);
  data.split.labelled = {1, 2, 3};
  const auto identity = RunIdentity(options, data, {.architecture = "mlp"}, nullptr);
  ASSERT_THAT(identity, IsOk());
  EXPECT_EQ((*identity)["--seed"], "1");
  EXPECT_EQ((*identity)["--lr"], "0.1");
  EXPECT_EQ((*identity)["labelled samples"], 3);
  EXPECT_EQ((*identity)["student"], "mlp");
  EXPECT_EQ((*identity)["data"], *DataDigest(*data.train));
  for (const char* key : {"--threads", "--teacher", "student's numerics"}) {
    EXPECT_FALSE(identity->contains(key)) << key;
  }
  options.deterministic = true;
  EXPECT_TRUE(RunIdentity(options, data, {}, nullptr)->contains("student's numerics"));
}

TEST(CheckSameRun, NamesWhatDiffersWithBothValues) {
  const nlohmann::json before = {{"--seed", 1}, {"data", "abc"}, {"gone", true}};
  EXPECT_THAT(CheckSameRun(before, before), IsOk());
  EXPECT_THAT(
      CheckSameRun(before, {{"--seed", 2}, {"data", "abc"}, {"new", 0.5}}),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr("`seed` was 1 and is 2"), HasSubstr("gone was true and is nothing"),
                     HasSubstr("new was nothing and is 0.5"), Not(HasSubstr("abc")))));
}

}  // namespace
}  // namespace distill
