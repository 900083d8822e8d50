#include "student_trainer/step/trainer_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

TEST(TrainerOptionsTest, TheDefaultsAreValid) { EXPECT_THAT(TrainerOptions().Validate(), IsOk()); }

TEST(TrainerOptionsTest, NamesTheOptionThatIsOutOfRange) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  struct Case {
    std::string name;
    std::function<void(TrainerOptions&)> change;
  };
  const Case cases[] = {
      {"alpha", [](TrainerOptions& options) { options.loss.alpha = 1.5; }},
      {"temperature", [](TrainerOptions& options) { options.loss.temperature = 0; }},
      {"weight_decay", [](TrainerOptions& options) { options.optimizer.weight_decay = -1; }},
      {"clip_norm", [](TrainerOptions& options) { options.clip_norm = -1; }},
      {"clip_norm", [](TrainerOptions& options) { options.clip_norm = kInfinity; }},
      {"max_norm", [](TrainerOptions& options) { options.max_norm = kNaN; }},
      {"accumulate", [](TrainerOptions& options) { options.accumulate = 0; }},
      {"ema_decay", [](TrainerOptions& options) { options.ema_decay = 1; }},
      {"ema_decay", [](TrainerOptions& options) { options.ema_decay = kNaN; }},
  };
  for (const Case& c : cases) {
    TrainerOptions options;
    c.change(options);
    EXPECT_THAT(options.Validate(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.name)));
  }
}

TEST(TrainerOptionsTest, BothEndsOfAScheduleAreValuesThatTheLossTakes) {
  TrainerOptions options;
  options.alpha = ValueSchedule{.from = 0.5, .to = 1, .kind = ScheduleKind::kLinear};
  EXPECT_THAT(options.Validate(), IsOk());
  options.alpha->to = 1.5;
  EXPECT_THAT(options.Validate(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("alpha")));
  options.alpha->kind = ScheduleKind::kConstant;  // which has no other end
  EXPECT_THAT(options.Validate(), IsOk());

  options.temperature = ValueSchedule{.from = -1, .to = 4, .kind = ScheduleKind::kLinear};
  EXPECT_THAT(options.Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("temperature")));
}

}  // namespace
}  // namespace distill
