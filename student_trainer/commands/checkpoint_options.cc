#include "student_trainer/commands/checkpoint_options.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "student_trainer/run/run_identity.h"

namespace distill {

absl::StatusOr<nlohmann::json> WithDefaults(nlohmann::json checkpoint,
                                            const nlohmann::json& training,
                                            const TrainSettings& settings,
                                            const ResolvedFor& resolved) {
  const std::string batch_size = absl::StrCat(kOptionMark, "batch_size");
  if (!checkpoint.contains(batch_size) && training.contains("batch_size")) {
    checkpoint[batch_size] = training["batch_size"];
  }
  TrainSettings defaults;
  defaults.teacher.access = settings.teacher.access;
  defaults.teacher.access.classes.clear();
  const auto text = [&checkpoint](const char* name, std::string usual) {
    const nlohmann::json value =
        OptionValue(checkpoint.value(absl::StrCat(kOptionMark, name), nlohmann::json()));
    return value.is_null() ? usual : value.get<std::string>();
  };
  // What other options' defaults depend on.
  try {
    defaults.views.preset = text("views", defaults.views.preset);
    defaults.loss.objective = text("objective", defaults.loss.objective);
    const StepOptions& step = defaults.step;
    ASSIGN_OR_RETURN(defaults.step.schedule,
                     ParseScheduleKind(text("schedule", std::string(Name(step.schedule)))));
    ASSIGN_OR_RETURN(defaults.step.optimizer.kind,
                     ParseOptimizerKind(text("optimizer", std::string(Name(step.optimizer.kind)))));
    ASSIGN_OR_RETURN(
        defaults.teacher.encoding,
        ParseTargetEncoding(text("encoding", std::string(Name(defaults.teacher.encoding)))));
  } catch (const nlohmann::json::exception& error) {
    return absl::DataLossError(absl::StrCat("the options of the checkpoint: ", error.what()));
  }
  ASSIGN_OR_RETURN(const nlohmann::json deciding, DecidingOptions(defaults, resolved));
  for (const auto& [name, value] : deciding.items()) {
    const std::string key = absl::StrCat(kOptionMark, name);
    if (!checkpoint.contains(key)) checkpoint[key] = value;
  }
  return checkpoint;
}

}  // namespace distill
