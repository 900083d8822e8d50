#include "student_trainer/train/train_options.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/known_names.h"
#include "common/base/status_macros.h"
#include "common/models/placement.h"
#include "common/models/registry.h"
#include "student_trainer/loss/distillation_loss.h"
#include "student_trainer/loss/objective.h"
#include "student_trainer/train/make_trainer_options.h"

namespace distill {
namespace {

absl::Status Refuse(absl::string_view option, const auto& value, absl::string_view allowed) {
  return absl::InvalidArgumentError(absl::StrCat(option, " ", value, ": must be ", allowed));
}

absl::Status Required(absl::string_view option, const std::string& value) {
  if (!value.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(option, " is required"));
}

absl::Status ValidateNumbers(const TrainOptions& o) {
  if (o.epochs < 1) return Refuse("--epochs", o.epochs, "1 or more");
  if (o.batch_size.value_or(kUsualBatchSize) < 2) {
    return Refuse("--batch_size", *o.batch_size, "2 or more");
  }
  if (!(std::isfinite(o.lr) && o.lr > 0)) return Refuse("--lr", o.lr, "above 0");
  if (!(o.momentum >= 0 && o.momentum < 1)) {
    return Refuse("--momentum", o.momentum, "at least 0 and below 1");
  }
  if (!(std::isfinite(o.weight_decay) && o.weight_decay >= 0)) {
    return Refuse("--weight_decay", o.weight_decay, "0 or more");
  }
  if (!(o.warmup_epochs >= 0 && o.warmup_epochs <= static_cast<double>(o.epochs))) {
    return Refuse("--warmup_epochs", o.warmup_epochs, "between 0 and --epochs");
  }
  if (o.image_size < 0) return Refuse("--image_size", o.image_size, "0 (as the first) or more");
  if (o.image_channels != 1 && o.image_channels != 3) {
    return Refuse("--image_channels", o.image_channels, "1 (grey) or 3 (RGB)");
  }
  if (o.max_corrupt < 0) return Refuse("--max_corrupt", o.max_corrupt, "0 or more");
  if (o.loader_threads < 1 || o.loader_threads > 256) {
    return Refuse("--loader_threads", o.loader_threads, "1 to 256");
  }
  if (o.student_resolution < 0) {
    return Refuse("--student_resolution", o.student_resolution, "0 (the data's) or more");
  }
  if (!std::is_sorted(o.decay_at.begin(), o.decay_at.end()) ||
      std::any_of(o.decay_at.begin(), o.decay_at.end(),
                  [](double part) { return !(part >= 0 && part <= 1); })) {
    return Refuse("--decay_at", absl::StrJoin(o.decay_at, " "), "from 0 to 1, and ascend");
  }
  if (o.checkpoint_every < 0) return Refuse("--checkpoint_every", o.checkpoint_every, "0 or more");
  if (o.keep_checkpoints < 1) return Refuse("--keep_checkpoints", o.keep_checkpoints, "1 or more");
  if (o.threads < 0) return Refuse("--threads", o.threads, "0 (one a core) or more");
  if (o.validate_every < 1) return Refuse("--validate_every", o.validate_every, "1 or more");
  return absl::OkStatus();
}

std::optional<double> UsualTemperature(absl::string_view objective) {
  for (const ObjectiveType& type : ObjectiveTypes()) {
    if (type.name == objective) return type.usual_temperature;
  }
  return std::nullopt;
}

// What is understood only once it is put together.
absl::Status ValidateTraining(const TrainOptions& o) {
  ASSIGN_OR_RETURN(const TrainerOptions trainer, MakeTrainerOptions(o, /*steps_per_epoch=*/1));
  if (const absl::Status valid = trainer.Validate(); !valid.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--", valid.message()));
  }
  if (const absl::Status device = CheckPlacement(o.device, "f32"); !device.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--device: ", device.message()));
  }
  // The preset's own values fit any image.
  RETURN_IF_ERROR(o.ResolvedViews({3, 32, 32}).status());
  if (o.final_temperature.has_value() && (HasK(o.encoding) || HasDraws(o.encoding))) {
    return Refuse("--final_temperature", *o.final_temperature,
                  absl::StrCat("left out with --encoding ", Name(o.encoding),
                               ", which depends on the temperature"));
  }
  return absl::OkStatus();
}

// The objective, and what the encoding needs to know.
absl::Status ValidateTargets(const TrainOptions& o) {
  ASSIGN_OR_RETURN(const Objective objective, ResolveObjective(o));
  RETURN_IF_ERROR(CheckAccepts(objective, o.encoding));
  for (const auto& [option, value] :
       {std::pair{"--temperature", o.temperature}, {"--final_temperature", o.final_temperature}}) {
    if (value.has_value() && !objective.type->usual_temperature.has_value()) {
      return Refuse(
          option, *value,
          absl::StrCat("left out with --objective ", o.objective, ", which does not look at one"));
    }
  }
  const absl::Status valid = Validate(o.ResolvedTargets(0), kMaxClasses);
  return valid.ok() ? valid : absl::InvalidArgumentError(absl::StrCat("--", valid.message()));
}

}  // namespace

TargetSpec TrainOptions::ResolvedTargets(int64_t classes) const {
  const bool head_and_draws = HasK(encoding) && HasDraws(encoding);
  const int32_t usual = head_and_draws ? 6 : 12;
  TargetSpec spec{.encoding = encoding, .k = k.value_or(0), .draws = draws.value_or(0)};
  if (HasK(encoding) && !k.has_value()) {
    const int64_t most = classes == 0 ? usual : head_and_draws ? classes - 1 : classes;
    spec.k = static_cast<int32_t>(std::clamp<int64_t>(most, 1, usual));
  }
  if (HasDraws(encoding) && !draws.has_value()) spec.draws = usual;
  return spec;
}

std::string ObjectivesHelp() { return DescribeObjectives(); }

bool TrainOptions::HasTemperature() const { return UsualTemperature(objective).has_value(); }

double TrainOptions::ResolvedTemperature() const {
  return temperature.value_or(UsualTemperature(objective).value_or(1));
}

absl::StatusOr<ViewOptions> TrainOptions::ResolvedViews(const Shape& shape) const {
  ViewOptions preset;  // of data that are no images, too
  if (views != "none") {
    ASSIGN_OR_RETURN(preset, ViewPreset(views, shape));
  }
  const ViewOptions resolved = view_overrides.Over(preset);
  if (const absl::Status valid = resolved.Validate(); !valid.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--", valid.message()));
  }
  return resolved;
}

absl::Status TrainOptions::Validate() const {
  RETURN_IF_ERROR(Required("--train", train));
  RETURN_IF_ERROR(Required("--student", student));
  RETURN_IF_ERROR(Required("--run_dir", run_dir));
  const std::vector<std::string> known = StudentNames();
  if (!StudentIsDirectory() && std::find(known.begin(), known.end(), student) == known.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--student ", student,
                     ": must be a name of the zoo, or a model directory, with "
                     "a slash in its path; ",
                     DescribeKnownNames(student, known)));
  }
  if (StudentIsDirectory() && !student_arguments.empty()) {
    return Refuse("--student_arguments", student_arguments,
                  "left out where --student is a directory, which has its own");
  }
  RETURN_IF_ERROR(ValidateNumbers(*this));
  RETURN_IF_ERROR(split.Validate());
  if (!val.empty() && (split.val_count.has_value() || split.val_fraction.has_value())) {
    return absl::InvalidArgumentError(
        "--val and --val_count or --val_fraction: give one of them, not both");
  }
  RETURN_IF_ERROR(
      (DistillationLossOptions{.alpha = ResolvedAlpha(), .temperature = ResolvedTemperature()}
           .Validate()));
  if (teacher.none() && ResolvedAlpha() > 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--alpha ", ResolvedAlpha(), ": needs --teacher ADDRESS, or must be 0"));
  }
  if (teacher.none() && final_alpha.value_or(0) > 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--final_alpha ", *final_alpha, ": needs --teacher ADDRESS, or must be 0"));
  }
  RETURN_IF_ERROR(teacher.Validate());
  RETURN_IF_ERROR(ValidateTargets(*this));
  RETURN_IF_ERROR(ValidateTraining(*this));
  if (!student_arguments.empty()) {
    const auto json = nlohmann::json::parse(student_arguments, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) return Refuse("--student_arguments", student_arguments, "a JSON object");
  }
  return absl::OkStatus();
}

}  // namespace distill
