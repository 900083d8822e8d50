#include "student_trainer/loss/objective.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/check.h"
#include "common/base/known_names.h"
#include "common/base/status_macros.h"
#include "student_trainer/loss/dist.h"
#include "student_trainer/loss/divergences.h"
#include "student_trainer/loss/logit_mse.h"
#include "student_trainer/loss/multi_level.h"
#include "student_trainer/loss/target_class_losses.h"

namespace distill {
namespace {

using Kind = ObjectiveParameter::Kind;
using Form = TargetForm;

constexpr double kMostWeight = 1e6;
constexpr std::nullopt_t kNone = std::nullopt;  // the objective has no temperature

std::vector<ObjectiveType> MakeTypes() {
  const std::vector<Form> any = {Form::kFullLogits, Form::kTopK, Form::kSampled};
  const std::vector<Form> top = {Form::kFullLogits, Form::kTopK};
  const std::vector<Form> full = {Form::kFullLogits};
  const ObjectiveParameter labels = {"labels", 1, 0, 1, Kind::kInteger};
  const ObjectiveParameter skew = {"lambda", 0.1, 0, 1, Kind::kBetween};
  const auto weight = [](absl::string_view name, double usual) {
    return ObjectiveParameter{name, usual, 0, kMostWeight};
  };
  const auto temperature = [](absl::string_view name, double usual) {
    return ObjectiveParameter{name, usual, 1, 100, Kind::kInteger};
  };
  return {
      {"kd", "KL(teacher, student), of Hinton et al.", any, 2, {}, ForwardKl},
      {"reverse_kl", "KL(student, teacher)", top, 1, {}, ReverseKl},
      {"jsd",
       "generalised Jensen-Shannon divergence",
       top,
       1,
       {{"beta", 0.5, 0, 1, Kind::kBetween}},
       Jsd},
      {"skew_kl", "KL to a mixture with the teacher (DistiLLM)", full, 1, {skew}, SkewKl},
      {"skew_reverse_kl",
       "reverse KL to a mixture with the student",
       full,
       1,
       {skew},
       SkewReverseKl},
      {"total_variation", "half the sum of the differences", full, 1, {}, TotalVariation},
      {"dkd",
       "decoupled KD",
       full,
       4,
       {weight("alpha", 1), weight("beta", 8), labels},
       DecoupledKd},
      {"nkd", "normalised KD", full, 1, {weight("gamma", 1.5), labels}, NormalizedKd},
      {"dist",
       "correlations by sample and by class",
       full,
       1,
       {weight("beta", 1), weight("gamma", 1)},
       Dist},
      {"mlkd",
       "multi-level KD at several temperatures",
       full,
       kNone,
       {temperature("first", 2), temperature("last", 6)},
       MultiLevel},
      {"mse", "mean squared difference of the logits", full, kNone, {}, LogitMse},
      {"hard_distillation",
       "cross-entropy with the teacher's most likely class",
       top,
       kNone,
       {},
       HardDistillation},
      {"label_smoothing",
       "KL(uniform, student): a teacher that knows nothing",
       any,
       1,
       {},
       UniformKl},
  };
}

bool Contains(const std::vector<Form>& forms, TargetEncoding encoding) {
  return std::find(forms.begin(), forms.end(), FormOf(encoding)) != forms.end();
}

std::string Allowed(const ObjectiveParameter& parameter) {
  switch (parameter.kind) {
    case Kind::kNumber:
      return absl::StrCat("a number from ", parameter.least, " to ", parameter.most);
    case Kind::kBetween:
      return absl::StrCat("a number above ", parameter.least, " and below ", parameter.most);
    case Kind::kInteger:
      return absl::StrCat("an integer from ", parameter.least, " to ", parameter.most);
  }
  return "";
}

bool Allows(const ObjectiveParameter& parameter, double value) {
  if (!(value >= parameter.least && value <= parameter.most)) return false;
  switch (parameter.kind) {
    case Kind::kNumber:
      return true;
    case Kind::kBetween:
      return value > parameter.least && value < parameter.most;
    case Kind::kInteger:
      return value == std::floor(value);
  }
  return false;
}

// Parses "beta=8" into the index of the parameter in the type, and the value.
absl::Status Assign(const ObjectiveType& type, absl::string_view assignment,
                    std::vector<double>& values) {
  const std::vector<absl::string_view> sides = absl::StrSplit(assignment, absl::MaxSplits('=', 1));
  const auto found = std::find_if(type.parameters.begin(), type.parameters.end(),
                                  [&](const auto& each) { return each.name == sides[0]; });
  if (found == type.parameters.end()) {
    if (type.parameters.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the objective ", type.name, ": it has no parameters, not '", sides[0], "'"));
    }
    std::vector<std::string> known;
    for (const ObjectiveParameter& each : type.parameters) known.emplace_back(each.name);
    return InvalidValue(absl::StrCat("the objective ", type.name, ": the parameter"),
                        absl::StrCat("'", sides[0], "'"), DescribeKnownNames(sides[0], known));
  }
  double value = 0;
  if (sides.size() != 2 || !absl::SimpleAtod(sides[1], &value) || !Allows(*found, value)) {
    return InvalidValue(absl::StrCat("the objective ", type.name, ": the parameter"),
                        absl::StrCat("'", assignment, "'"),
                        absl::StrCat(sides[0], "=VALUE, ", Allowed(*found)));
  }
  values[static_cast<size_t>(found - type.parameters.begin())] = value;
  return absl::OkStatus();
}

}  // namespace

absl::Span<const ObjectiveType> ObjectiveTypes() {
  static const auto* const types = new std::vector<ObjectiveType>(MakeTypes());
  return *types;
}

at::Tensor Objective::Loss(ObjectiveInput input) const {
  input.standardize_logits = standardize_logits;
  return type->loss(input, parameters);
}

std::vector<TargetForm> Objective::forms() const {
  return standardize_logits ? std::vector<TargetForm>{TargetForm::kFullLogits} : type->forms;
}

absl::StatusOr<Objective> ParseObjective(absl::string_view name, absl::string_view parameters) {
  std::vector<std::string> known;
  for (const ObjectiveType& type : ObjectiveTypes()) known.emplace_back(type.name);
  const auto type = std::find_if(ObjectiveTypes().begin(), ObjectiveTypes().end(),
                                 [&](const auto& each) { return each.name == name; });
  if (type == ObjectiveTypes().end()) {
    return CheckOneOf("objective", name, known);
  }
  Objective objective{.type = &*type};
  for (const ObjectiveParameter& each : type->parameters)
    objective.parameters.push_back(each.usual);
  for (const absl::string_view assignment : absl::StrSplit(parameters, ',', absl::SkipEmpty())) {
    RETURN_IF_ERROR(Assign(*type, absl::StripAsciiWhitespace(assignment), objective.parameters));
  }
  if (name == "mlkd" && objective.parameters[0] > objective.parameters[1]) {
    return absl::InvalidArgumentError(
        absl::StrCat("the objective mlkd: first=", objective.parameters[0],
                     " is above last=", objective.parameters[1]));
  }
  return objective;
}

absl::Status CheckAccepts(const Objective& objective, TargetEncoding encoding) {
  const std::vector<TargetForm> forms = objective.forms();
  if (Contains(forms, encoding)) return absl::OkStatus();
  std::vector<absl::string_view> fit;
  for (const TargetEncoding each : AllEncodings()) {
    if (Contains(forms, each)) fit.push_back(Name(each));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the objective ", objective.type->name,
                   objective.standardize_logits ? " on standardised logits" : "",
                   ": it cannot be computed from the encoding ", Name(encoding), " (",
                   Name(FormOf(encoding)), "); encodings that fit are ", absl::StrJoin(fit, ", ")));
}

absl::Status CheckOutput(const Objective& objective, absl::Span<const OutputSpec> outputs) {
  const std::string where = absl::StrCat("the objective ", objective.type->name);
  std::vector<std::string> names;
  for (const OutputSpec& output : outputs) {
    names.push_back(absl::StrCat("'", output.name, "'"));
    if (output.name != objective.output) continue;
    if (output.kind == objective.type->kind) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": it is computed from ", Name(objective.type->kind), ", and '",
                     output.name, "' is ", Name(output.kind), "; use another objective or output"));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      where, ": it is computed from the output '", objective.output,
      "', which the teacher is not asked for; it is asked for ", absl::StrJoin(names, ", ")));
}

std::string DescribeObjectives() {
  std::vector<std::string> lines;
  for (const ObjectiveType& type : ObjectiveTypes()) {
    std::string line = absl::StrCat(type.name, " (", type.title);
    for (const ObjectiveParameter& each : type.parameters) {
      absl::StrAppend(&line, "; ", each.name, "=", each.usual);
    }
    lines.push_back(line + ")");
  }
  return absl::StrJoin(lines, ", ");
}

}  // namespace distill
