#include "student_trainer/options/train_options.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/check.h"
#include "common/base/known_names.h"
#include "common/base/status_macros.h"
#include "common/torch/placement.h"
#include "common/zoo/registry.h"
#include "student_trainer/loss/distillation_loss.h"
#include "student_trainer/loss/objective.h"
#include "student_trainer/options/make_trainer_options.h"
#include "student_trainer/views/image_size.h"

namespace distill {
namespace {

absl::Status ValidateNumbers(const TrainOptions& o) {
  RETURN_IF_ERROR(CheckAtLeast("epochs", o.epochs, 1));
  RETURN_IF_ERROR(CheckAtLeast("batch_size", o.batch_size.value_or(kUsualBatchSize), 2));
  RETURN_IF_ERROR(CheckMoreThan("lr", o.ResolvedLr(), 0));
  RETURN_IF_ERROR(CheckInHalfOpenRange("momentum", o.momentum, 0, 1));
  RETURN_IF_ERROR(CheckAtLeast("weight_decay", o.weight_decay, 0));
  if (!(o.warmup_epochs >= 0 && o.warmup_epochs <= static_cast<double>(o.epochs))) {
    return InvalidField("warmup_epochs", o.warmup_epochs,
                        absl::StrCat("0 to ", o.epochs, ", which is `epochs`"));
  }
  RETURN_IF_ERROR(CheckImageSize("image_size", o.image_size));
  RETURN_IF_ERROR(CheckImageSize("student_resolution", o.student_resolution));
  if (const int channels = o.image_channels.value_or(3); channels != 1 && channels != 3) {
    return InvalidField("image_channels", channels, "1 (grey) or 3 (RGB)");
  }
  RETURN_IF_ERROR(CheckAtLeast("max_pixels", o.max_pixels, 1));
  RETURN_IF_ERROR(CheckAtLeast("max_corrupt", o.max_corrupt, 0));
  RETURN_IF_ERROR(CheckInRange("loader_threads", o.loader_threads, 1, 256));
  if (!std::is_sorted(o.decay_at.begin(), o.decay_at.end()) ||
      std::any_of(o.decay_at.begin(), o.decay_at.end(),
                  [](double part) { return !(part >= 0 && part <= 1); })) {
    return InvalidField("decay_at", absl::StrJoin(o.decay_at, " "),
                        "from 0 to 1, in ascending order");
  }
  RETURN_IF_ERROR(CheckAtLeast("checkpoint_every", o.checkpoint_every, 0));
  RETURN_IF_ERROR(CheckAtLeast("keep_checkpoints", o.keep_checkpoints, 1));
  RETURN_IF_ERROR(CheckAtLeast("threads", o.threads, 0, "one per core"));
  return CheckAtLeast("validate_every", o.validate_every, 1);
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
  RETURN_IF_ERROR(trainer.Validate());
  RETURN_IF_ERROR(CheckPlacement(o.device, "f32"));
  // The preset's own values fit any image.
  RETURN_IF_ERROR(o.ResolvedViews({3, 32, 32}).status());
  if (o.final_temperature.has_value() && (HasK(o.encoding) || HasDraws(o.encoding))) {
    return InvalidField("final_temperature", *o.final_temperature,
                        absl::StrCat("left out with `encoding` ", Name(o.encoding),
                                     ", which depends on the temperature"));
  }
  return absl::OkStatus();
}

// The objective, and what the encoding needs to know.
absl::Status ValidateTargets(const TrainOptions& o) {
  ASSIGN_OR_RETURN(const Objective objective, ResolveObjective(o));
  RETURN_IF_ERROR(CheckAccepts(objective, o.encoding), Field("encoding"), " ", Name(o.encoding));
  for (const auto& [field, value] :
       {std::pair{"temperature", o.temperature}, {"final_temperature", o.final_temperature}}) {
    if (value.has_value() && !objective.type->usual_temperature.has_value()) {
      return InvalidField(
          field, *value,
          absl::StrCat("left out with `objective` ", o.objective, ", which does not look at one"));
    }
  }
  return distill::Validate(o.ResolvedTargets(0), kMaxClasses);
}

// What only a run with a teacher looks at would otherwise be ignored without a word.
absl::Status RefuseTeacherOptions(const TrainOptions& o) {
  const TrainOptions usual;
  const std::pair<const char*, bool> given[] = {
      {"unlabelled", !o.unlabelled.empty()},
      {"temperature", o.temperature.has_value()},
      {"final_temperature", o.final_temperature.has_value()},
      {"objective", o.objective != usual.objective},
      {"objective_parameters", !o.objective_parameters.empty()},
      {"standardize_logits", o.standardize_logits},
      {"encoding", o.encoding != usual.encoding},
      {"k", o.k.has_value()},
      {"draws", o.draws.has_value()},
      {"on_teacher_loss", o.on_teacher_loss != usual.on_teacher_loss},
      {"allow_misaligned_teacher", o.allow_misaligned_teacher},
  };
  for (const auto& [name, is_given] : given) {
    if (!is_given) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(Field(name), ": it is given without `teacher`; give its address"));
  }
  return absl::OkStatus();
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

std::string StudentsHelp() { return absl::StrJoin(StudentNames(), ", "); }

bool TrainOptions::HasTemperature() const { return UsualTemperature(objective).has_value(); }

double TrainOptions::ResolvedTemperature() const {
  return temperature.value_or(UsualTemperature(objective).value_or(1));
}

absl::StatusOr<ViewOptions> TrainOptions::ResolvedViews(const Shape& shape) const {
  ViewOptions preset;  // also for data that are not images
  if (views != "none") {
    ASSIGN_OR_RETURN(preset, ViewPreset(views, shape));
  }
  const ViewOptions resolved = view_overrides.Over(preset);
  RETURN_IF_ERROR(resolved.Validate());
  if (const int64_t side = shape.size() == 3 ? std::min(shape[1], shape[2]) : resolved.pad;
      resolved.pad > side) {
    return InvalidField("pad", resolved.pad,
                        absl::StrCat("0 to ", side, ", the shorter side of the images"));
  }
  return resolved;
}

absl::Status TrainOptions::Validate() const {
  RETURN_IF_ERROR(CheckGiven("train", train, "training data"));
  RETURN_IF_ERROR(CheckGiven("student", student, "a name of the zoo or a model directory"));
  RETURN_IF_ERROR(CheckGiven("run_dir", run_dir, "a folder for the run"));
  const std::vector<std::string> known = StudentNames();
  if (!StudentIsDirectory() && std::find(known.begin(), known.end(), student) == known.end()) {
    return InvalidField("student", absl::StrCat("'", student, "'"),
                        absl::StrCat("a model directory, with a slash in its path, or ",
                                     DescribeKnownNames(student, known)));
  }
  if (StudentIsDirectory() && !student_arguments.empty()) {
    return InvalidField("student_arguments", student_arguments,
                        "left out where `student` is a directory, which has its own");
  }
  RETURN_IF_ERROR(ValidateNumbers(*this));
  RETURN_IF_ERROR(split.Validate());
  if (!val.empty() && (split.val_count.has_value() || split.val_fraction.has_value())) {
    return absl::InvalidArgumentError(
        "`val`: `val_count` or `val_fraction` is given, too; give one of them");
  }
  RETURN_IF_ERROR(
      (DistillationLossOptions{.alpha = ResolvedAlpha(), .temperature = ResolvedTemperature()}
           .Validate()));
  if (teacher.none() && ResolvedAlpha() > 0) {
    return InvalidField("alpha", ResolvedAlpha(), "0 where there is no `teacher`");
  }
  if (teacher.none() && final_alpha.value_or(0) > 0) {
    return InvalidField("final_alpha", *final_alpha, "0 where there is no `teacher`");
  }
  RETURN_IF_ERROR(teacher.Validate());
  if (teacher.none()) RETURN_IF_ERROR(RefuseTeacherOptions(*this));
  RETURN_IF_ERROR(ValidateTargets(*this));
  RETURN_IF_ERROR(ValidateTraining(*this));
  if (!student_arguments.empty()) {
    const auto json = nlohmann::json::parse(student_arguments, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) {
      return InvalidField("student_arguments", student_arguments, "a JSON object");
    }
  }
  return absl::OkStatus();
}

}  // namespace distill
