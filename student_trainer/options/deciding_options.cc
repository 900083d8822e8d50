#include "student_trainer/options/deciding_options.h"

#include <string>

#include "absl/strings/str_replace.h"
#include "common/base/status_macros.h"
#include "student_trainer/options/make_trainer_options.h"

namespace distill {
namespace {

nlohmann::json OptionsOfTraining(const TrainOptions& o, int64_t samples) {
  nlohmann::json json = {{"split_seed", o.split.split_seed},
                         {"epochs", o.epochs},
                         {"batch_size", o.ResolvedBatchSize(samples)},
                         {"lr", o.ResolvedLr()},
                         {"schedule", o.schedule},
                         {"final_fraction", o.final_fraction},
                         {"warmup_epochs", o.warmup_epochs},
                         {"optimizer", o.optimizer},
                         {"weight_decay", o.weight_decay},
                         {"clip_norm", o.clip_norm},
                         {"max_norm", o.max_norm},
                         {"accumulate", o.accumulate},
                         {"ema_decay", o.ema_decay},
                         {"label_smoothing", o.label_smoothing},
                         {"autocast", o.autocast},
                         {"seed", o.seed},
                         {"validate_every", o.validate_every},
                         {"deterministic", o.deterministic}};
  if (o.schedule == "step") json.update({{"decay_at", o.decay_at}, {"gamma", o.gamma}});
  if (o.optimizer == "sgd") json["momentum"] = o.momentum;
  return json;
}

nlohmann::json OptionsOfViews(const ViewOptions& views) {
  return {{"crop_scale", views.crop_scale},
          {"pad", views.pad},
          {"flip", views.flip},
          {"rand_augment_ops", views.rand_augment_ops},
          {"rand_augment_magnitude", views.rand_augment_magnitude},
          {"brightness", views.brightness},
          {"contrast", views.contrast},
          {"saturation", views.saturation},
          {"hue", views.hue},
          {"mixup", views.mixup},
          {"cutmix", views.cutmix}};
}

absl::StatusOr<nlohmann::json> OptionsOfTeacher(const TrainOptions& o) {
  ASSIGN_OR_RETURN(const Objective objective, ResolveObjective(o));
  const TargetSpec targets = o.ResolvedTargets(/*classes=*/0);
  nlohmann::json json = {{"alpha", o.ResolvedAlpha()},
                         {"final_alpha", o.final_alpha.value_or(o.ResolvedAlpha())},
                         {"teacher_classes", absl::StrReplaceAll(o.teacher.classes, {{" ", ""}})},
                         {"objective", o.objective},
                         {"objective_parameters", objective.parameters},
                         {"standardize_logits", o.standardize_logits},
                         {"encoding", std::string(Name(o.encoding))}};
  if (o.HasTemperature()) {
    json["temperature"] = o.ResolvedTemperature();
    json["final_temperature"] = o.final_temperature.value_or(o.ResolvedTemperature());
  }
  if (HasK(o.encoding)) json["k"] = targets.k;
  if (HasDraws(o.encoding)) json["draws"] = targets.draws;
  return json;
}

}  // namespace

absl::StatusOr<nlohmann::json> DecidingOptions(const TrainOptions& options, const Shape& shape,
                                               int64_t samples) {
  nlohmann::json json = OptionsOfTraining(options, samples);
  ASSIGN_OR_RETURN(const ViewOptions views, options.ResolvedViews(shape));
  json.update(OptionsOfViews(views));
  if (options.Distills()) {
    ASSIGN_OR_RETURN(const nlohmann::json teacher, OptionsOfTeacher(options));
    json.update(teacher);
  }
  return json;
}

}  // namespace distill
