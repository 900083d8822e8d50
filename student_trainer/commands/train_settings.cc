#include "student_trainer/commands/train_settings.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "student_trainer/loss/objective.h"

namespace distill {
namespace {

// What only a run with a teacher looks at would otherwise be ignored without a word.
absl::Status RefuseWithoutTeacher(const TrainSettings& settings) {
  const DistillationChoice usual, &loss = settings.loss;
  const std::pair<const char*, bool> given[] = {
      {"unlabelled", !settings.data.unlabelled.empty()},
      {"temperature", loss.temperature.has_value()},
      {"final_temperature", loss.final_temperature.has_value()},
      {"objective", loss.objective != usual.objective},
      {"objective_parameters", !loss.objective_parameters.empty()},
      {"standardize_logits", loss.standardize_logits},
  };
  for (const auto& [name, is_given] : given) {
    if (is_given) return GivenWithoutTeacher(name);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status TrainSettings::Validate() const {
  RETURN_IF_ERROR(data.Validate());
  RETURN_IF_ERROR(student.Validate());
  RETURN_IF_ERROR(run.Validate());
  RETURN_IF_ERROR(CheckInRange("loader_threads", loader_threads, 1, 256));
  if (!has_teacher()) RETURN_IF_ERROR(RefuseWithoutTeacher(*this));
  RETURN_IF_ERROR(loss.Validate(has_teacher()));
  RETURN_IF_ERROR(step.Validate(run.epochs, loss, has_teacher()));
  ASSIGN_OR_RETURN(const Objective objective, loss.ResolvedObjective());
  RETURN_IF_ERROR(teacher.Validate(objective));
  RETURN_IF_ERROR(views.Validate());
  if (loss.final_temperature.has_value() &&
      (HasK(teacher.encoding) || HasDraws(teacher.encoding))) {
    return InvalidField("final_temperature", *loss.final_temperature,
                        absl::StrCat("left out with `encoding` ", Name(teacher.encoding),
                                     ", which depends on the temperature"));
  }
  return absl::OkStatus();
}

}  // namespace distill
