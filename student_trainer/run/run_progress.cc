#include "student_trainer/run/run_progress.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "common/base/count.h"

namespace distill {

void to_json(nlohmann::json& json, const TrainedIdsHash& hash) { json = hash.value(); }
void from_json(const nlohmann::json& json, TrainedIdsHash& hash) {
  hash = TrainedIdsHash(json.get<uint64_t>());
}
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EpochTotals, named, trained, with_targets, labelled, correct,
                                   loss, student_loss, distillation_loss, ids)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RunProgress, batches, epoch, named, samples,
                                   samples_with_targets, has_best, best_epoch, best_batches,
                                   best_validation, seconds, seconds_waiting)

void EpochTotals::Add(const StepResult& step, const TrainingBatch& batch) {
  for (const int64_t id : batch.sample_ids) ids.Add(id);
  named += step.samples;
  with_targets += step.with_targets;
  if (!step.trained) return;
  const double n = static_cast<double>(step.rows);
  trained += step.samples;
  rows += step.rows;
  labelled += step.labelled;
  correct += step.correct;
  loss += n * step.loss;
  student_loss += n * step.student_loss;
  distillation_loss += n * step.distillation_loss;
}

double EpochTotals::Accuracy() const {
  return labelled == 0 ? std::numeric_limits<double>::quiet_NaN()
                       : static_cast<double>(correct) / static_cast<double>(labelled);
}

RunProgress ResumeAt(RunProgress progress, int64_t batches_per_epoch, std::string* change) {
  change->clear();
  if (progress.epochs == kEpochsNotCounted) {
    progress.epochs = progress.batches / batches_per_epoch;
    progress.epoch_batches = progress.batches % batches_per_epoch;
    progress.epoch_length = batches_per_epoch;
  }
  if (progress.epoch_length == batches_per_epoch) return progress;
  *change = absl::StrCat("an epoch has ", Count(batches_per_epoch, "batch"), ", where it had ",
                         progress.epoch_length);
  if (progress.epoch_batches > 0) {
    absl::StrAppend(change, ": epoch ", progress.epochs + 1, " begins again");
    progress.epoch_batches = 0;
    progress.epoch = {};
  }
  progress.epoch_length = batches_per_epoch;
  return progress;
}

nlohmann::json ToJson(const RunProgress& progress) {
  nlohmann::json json = progress;
  json["epochs"] = progress.epochs;
  json["epoch"]["rows"] = progress.epoch.rows;
  json["epoch_batches"] = progress.epoch_batches;
  json["epoch_length"] = progress.epoch_length;
  json["seconds_waiting_for_data"] = progress.seconds_waiting_for_data;
  return json;
}

absl::StatusOr<RunProgress> RunProgressFromJson(const nlohmann::json& json) {
  try {
    auto progress = json.get<RunProgress>();
    progress.epochs = json.value("epochs", kEpochsNotCounted);
    // Earlier versions had a row per sample.
    progress.epoch.rows = json.at("epoch").value("rows", progress.epoch.trained);
    progress.epoch_batches = json.value("epoch_batches", int64_t{0});
    progress.epoch_length = json.value("epoch_length", int64_t{0});
    progress.seconds_waiting_for_data = json.value("seconds_waiting_for_data", 0.0);
    return progress;
  } catch (const nlohmann::json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("not the progress of a run: ", error.what()));
  }
}

}  // namespace distill
