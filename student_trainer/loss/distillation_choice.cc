#include "student_trainer/loss/distillation_choice.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "student_trainer/loss/distillation_loss.h"

namespace distill {
namespace {

std::optional<double> UsualTemperature(absl::string_view objective) {
  for (const ObjectiveType& type : ObjectiveTypes()) {
    if (type.name == objective) return type.usual_temperature;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<Objective> DistillationChoice::ResolvedObjective() const {
  RETURN_IF_ERROR(ParseObjective(objective).status());
  ASSIGN_OR_RETURN(Objective resolved, ParseObjective(objective, objective_parameters),
                   Field("objective_parameters"));
  resolved.standardize_logits = standardize_logits;
  return resolved;
}

bool DistillationChoice::HasTemperature() const { return UsualTemperature(objective).has_value(); }

double DistillationChoice::ResolvedTemperature() const {
  return temperature.value_or(UsualTemperature(objective).value_or(1));
}

double DistillationChoice::ResolvedAlpha(bool has_teacher) const {
  return alpha.value_or(has_teacher ? kUsualAlpha : 0);
}

absl::Status DistillationChoice::Validate(bool has_teacher) const {
  const double resolved = ResolvedAlpha(has_teacher);
  RETURN_IF_ERROR((DistillationLossOptions{
      .alpha = resolved, .temperature = ResolvedTemperature(), .label_smoothing = label_smoothing}
                       .Validate()));
  for (const auto& [field, value] :
       {std::pair{"alpha", resolved}, {"final_alpha", final_alpha.value_or(0)}}) {
    if (!has_teacher && value > 0) {
      return InvalidField(field, value, "0 where there is no `teacher`");
    }
  }
  ASSIGN_OR_RETURN(const Objective known, ResolvedObjective());
  for (const auto& [field, value] :
       {std::pair{"temperature", temperature}, {"final_temperature", final_temperature}}) {
    if (value.has_value() && !known.type->usual_temperature.has_value()) {
      return InvalidField(
          field, *value,
          absl::StrCat("left out with `objective` ", objective, ", which does not look at one"));
    }
  }
  return absl::OkStatus();
}

}  // namespace distill
