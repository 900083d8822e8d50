#include "student_trainer/run/run_progress.h"

#include <limits>

#include "absl/strings/str_cat.h"

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
  const double n = static_cast<double>(step.samples);
  trained += step.samples;
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

nlohmann::json ToJson(const RunProgress& progress) { return progress; }

absl::StatusOr<RunProgress> RunProgressFromJson(const nlohmann::json& json) {
  try {
    return json.get<RunProgress>();
  } catch (const nlohmann::json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("not the progress of a run: ", error.what()));
  }
}

}  // namespace distill
