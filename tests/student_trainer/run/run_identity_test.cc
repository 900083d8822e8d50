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

TrainingData SmallData() {
  TrainingData data;
  data.train = std::make_shared<testing::SmallDataset>(20);
  data.split.labelled = {1, 2, 3};
  return data;
}

nlohmann::json IdentityOf(const TrainOptions& options) {
  return *RunIdentity(options, SmallData(), {.architecture = "mlp"}, nullptr, /*samples=*/20);
}

TEST(RunIdentity, HoldsWhatDecidesWhatIsLearnt) {
  TrainOptions options;
  options.seed = 1;
  const nlohmann::json identity = IdentityOf(options);
  EXPECT_EQ(identity["--seed"], 1);
  EXPECT_EQ(identity["--lr"], 0.1);
  EXPECT_EQ(identity["--batch_size"], 8);
  EXPECT_EQ(identity["labelled samples"], 3);
  EXPECT_EQ(identity["student"], "mlp");
  EXPECT_EQ(identity["data"], *DataDigest(*SmallData().train));
  for (const char* key : {"--threads", "--teacher", "--run_dir", "student's numerics"}) {
    EXPECT_FALSE(identity.contains(key)) << key;
  }
  options.deterministic = true;
  EXPECT_TRUE(IdentityOf(options).contains("student's numerics"));
}

TEST(RunIdentity, ADefaultAndTheSameValueGivenAreEqual) {
  TrainOptions defaults, given;
  defaults.teacher.addresses = given.teacher.addresses = {"gpu:50051"};
  given.batch_size = 8;
  given.lr = 0.1;
  given.alpha = 0.9;
  given.final_alpha = 0.9;
  given.temperature = 2;
  given.view_overrides.flip = false;
  given.split.val_fraction = 0.1;
  EXPECT_EQ(IdentityOf(given), IdentityOf(defaults));
  given.alpha = 0.8;
  EXPECT_THAT(
      CheckSameRun(IdentityOf(defaults), IdentityOf(given)),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("`alpha` was 0.9 and is 0.8")));
}

// As version 0.1 wrote it: the text of config.toml, without what was left out.
TEST(RunIdentity, OfAnEarlierVersionIsComparedByItsValues) {
  TrainOptions options;
  options.schedule = "step";
  const nlohmann::json now = IdentityOf(options);
  nlohmann::json was = {{"labelled samples", 3},
                        {"unlabelled samples", 0},
                        {"validation samples", 0},
                        {"student", "mlp"},
                        {"student's arguments", nlohmann::json::object()},
                        {"data", now["data"]},
                        {"--lr", "0.10"},
                        {"--schedule", "\"step\""},
                        {"--decay_at", "\"[0.5,0.75]\""},
                        {"--image_size", "0"},
                        {"--seed", "0"},
                        {"--weight_decay", "5e-4"}};
  const auto complete = WithDefaults(was, {}, options, {1, 4, 4}, 20);
  ASSERT_THAT(complete, IsOk());
  EXPECT_THAT(CheckSameRun(*complete, now), IsOk());
  was["--decay_at"] = "[0.5]";
  EXPECT_THAT(CheckSameRun(*WithDefaults(was, {}, options, {1, 4, 4}, 20), now),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("`decay_at` was [0.5] and is [0.5,0.75]")));
}

TEST(RunIdentity, ABatchSizeThatWasChosenIsTheDescriptions) {
  TrainOptions options;
  nlohmann::json was = IdentityOf(options);
  was.erase("--batch_size");
  const auto chosen = WithDefaults(was, {{"batch_size", 20}}, options, {1, 4, 4}, 20);
  ASSERT_THAT(chosen, IsOk());
  EXPECT_EQ((*chosen)["--batch_size"], 20);
}

TEST(RunIdentity, AnOptionThatTheCheckpointDoesNotKnowHasItsDefault) {
  TrainOptions options;
  nlohmann::json was = IdentityOf(options);
  was.erase("--label_smoothing");
  EXPECT_THAT(CheckSameRun(*WithDefaults(was, {}, options, {1, 4, 4}, 20), IdentityOf(options)),
              IsOk());
  options.label_smoothing = 0.1;
  EXPECT_THAT(CheckSameRun(*WithDefaults(was, {}, options, {1, 4, 4}, 20), IdentityOf(options)),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("`label_smoothing` was 0.0 and is 0.1")));
}

TEST(RunIdentity, BeforeClassesOfTheTeacherCouldBeChosenItWasAllOfThem) {
  TrainOptions options;
  options.teacher.addresses = {"gpu:1"};
  nlohmann::json was = IdentityOf(options);
  was.erase("--teacher_classes");
  options.teacher.classes = "1,0,2,3";
  EXPECT_THAT(CheckSameRun(*WithDefaults(was, {}, options, {1, 4, 4}, 20), IdentityOf(options)),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("`teacher_classes`")));
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
