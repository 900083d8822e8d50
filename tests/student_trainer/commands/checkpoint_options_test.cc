#include "student_trainer/commands/checkpoint_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "student_trainer/run/run_identity.h"
#include "tests/student_trainer/testing/small_dataset.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

const ResolvedFor kResolved = {.shape = {1, 4, 4}, .samples = 20};

TrainingData SmallData() {
  TrainingData data;
  data.train = std::make_shared<testing::SmallDataset>(20);
  data.split.labelled = {1, 2, 3};
  return data;
}

nlohmann::json IdentityOf(const TrainSettings& options) {
  const auto deciding = DecidingOptions(options, kResolved);
  EXPECT_THAT(deciding.status(), IsOk());
  return *RunIdentity(*deciding, options.run.deterministic, SmallData(), {.architecture = "mlp"},
                      nullptr);
}

TEST(CheckpointOptionsTest, ADefaultAndTheSameValueGivenAreEqual) {
  TrainSettings defaults, given;
  defaults.teacher.access.addresses = given.teacher.access.addresses = {"gpu:50051"};
  given.run.batch_size = 8;
  given.step.lr = 0.1;
  given.loss.alpha = 0.9;
  given.loss.final_alpha = 0.9;
  given.loss.temperature = 2;
  given.views.overrides.flip = false;
  given.data.split.val_fraction = 0.1;
  EXPECT_EQ(IdentityOf(given), IdentityOf(defaults));
  given.loss.alpha = 0.8;
  EXPECT_THAT(
      CheckSameRun(IdentityOf(defaults), IdentityOf(given)),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("`alpha` was 0.9 and is 0.8")));
}

// As version 0.1 wrote it: the text of config.toml, without what was left out.
TEST(CheckpointOptionsTest, OfAnEarlierVersionIsComparedByItsValues) {
  TrainSettings options;
  options.step.schedule = ScheduleKind::kStep;
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
  const auto complete = WithDefaults(was, {}, options, kResolved);
  ASSERT_THAT(complete, IsOk());
  EXPECT_THAT(CheckSameRun(*complete, now), IsOk());
  was["--decay_at"] = "[0.5]";
  EXPECT_THAT(CheckSameRun(*WithDefaults(was, {}, options, kResolved), now),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("`decay_at` was [0.5] and is [0.5,0.75]")));
}

TEST(CheckpointOptionsTest, ABatchSizeThatWasChosenIsTheDescriptions) {
  TrainSettings options;
  nlohmann::json was = IdentityOf(options);
  was.erase("--batch_size");
  const auto chosen = WithDefaults(was, {{"batch_size", 20}}, options, kResolved);
  ASSERT_THAT(chosen, IsOk());
  EXPECT_EQ((*chosen)["--batch_size"], 20);
}

TEST(CheckpointOptionsTest, AnOptionThatTheCheckpointDoesNotKnowHasItsDefault) {
  TrainSettings options;
  nlohmann::json was = IdentityOf(options);
  was.erase("--label_smoothing");
  EXPECT_THAT(CheckSameRun(*WithDefaults(was, {}, options, kResolved), IdentityOf(options)),
              IsOk());
  options.loss.label_smoothing = 0.1;
  EXPECT_THAT(CheckSameRun(*WithDefaults(was, {}, options, kResolved), IdentityOf(options)),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("`label_smoothing` was 0.0 and is 0.1")));
}

TEST(CheckpointOptionsTest, BeforeClassesOfTheTeacherCouldBeChosenItWasAllOfThem) {
  TrainSettings options;
  options.teacher.access.addresses = {"gpu:1"};
  nlohmann::json was = IdentityOf(options);
  was.erase("--teacher_classes");
  options.teacher.access.classes = "1,0,2,3";
  EXPECT_THAT(CheckSameRun(*WithDefaults(was, {}, options, kResolved), IdentityOf(options)),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("`teacher_classes`")));
}

}  // namespace
}  // namespace distill
