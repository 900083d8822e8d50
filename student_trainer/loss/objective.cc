#include "student_trainer/loss/objective.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "student_trainer/loss/forward_kl.h"

namespace distill {
namespace {

bool Accepts(const Objective& objective, TargetEncoding encoding) {
  return std::find(objective.forms.begin(), objective.forms.end(), FormOf(encoding)) !=
         objective.forms.end();
}

}  // namespace

absl::Span<const Objective> Objectives() {
  static const auto* const objectives = new std::vector<Objective>{
      {"kd", {TargetForm::kFullLogits, TargetForm::kTopK, TargetForm::kSampled}, ForwardKl},
  };
  return *objectives;
}

absl::StatusOr<const Objective*> FindObjective(absl::string_view name) {
  for (const Objective& objective : Objectives()) {
    if (objective.name == name) return &objective;
  }
  const auto append_name = [](std::string* out, const Objective& objective) {
    absl::StrAppend(out, objective.name);
  };
  return absl::InvalidArgumentError(absl::StrCat("'", name, "' is not an objective; known are ",
                                                 absl::StrJoin(Objectives(), ", ", append_name)));
}

absl::Status CheckAccepts(const Objective& objective, TargetEncoding encoding) {
  if (Accepts(objective, encoding)) return absl::OkStatus();
  std::vector<absl::string_view> fit;
  for (const TargetEncoding each : AllEncodings()) {
    if (Accepts(objective, each)) fit.push_back(Name(each));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "the objective ", objective.name, " cannot be computed from the encoding ", Name(encoding),
      " (", Name(FormOf(encoding)), "); encodings that fit are ", absl::StrJoin(fit, ", ")));
}

}  // namespace distill
