#include "student_trainer/train/training_loop.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/status_macros.h"
#include "student_trainer/data/sampler.h"

namespace distill {
namespace {

// Sums over an epoch's steps.
struct EpochTotals {
  int64_t named = 0;  // by the sampler
  int64_t trained = 0;
  int64_t with_targets = 0;
  int64_t labelled = 0;
  int64_t correct = 0;
  double loss = 0, student_loss = 0, distillation_loss = 0;  // weighted by samples
  TrainedIdsHash ids;

  void Add(const StepResult& step, const TrainingBatch& batch) {
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
  double Mean(double sum) const { return trained == 0 ? 0 : sum / static_cast<double>(trained); }
  double Accuracy() const {
    return labelled == 0 ? std::numeric_limits<double>::quiet_NaN()
                         : static_cast<double>(correct) / static_cast<double>(labelled);
  }
};

class LoopState {
 public:
  LoopState(const TrainingLoop& loop) : loop_(loop), start_(loop.clock.Now()) {}

  absl::Status Take(const TargetedBatch& targeted) {
    ASSIGN_OR_RETURN(const StepResult step, loop_.trainer.Step(targeted));
    epoch_.Add(step, targeted.batch);
    summary_.samples += step.trained ? step.samples : 0;
    summary_.samples_with_targets += step.with_targets;
    ReportProgress(targeted.batch.epoch);
    return absl::OkStatus();
  }

  absl::Status EndEpoch(int64_t number) {
    std::optional<EvaluationResult> validation;
    if ((number + 1) % loop_.validate_every == 0 || number + 1 == loop_.epochs) {
      ASSIGN_OR_RETURN(validation, loop_.validate());
      if (IsBest(*validation)) {
        summary_.best_epoch = number;
        summary_.best_validation = *validation;
        has_best_ = true;
        RETURN_IF_ERROR(loop_.keep_best(number, *validation));
      }
    }
    RETURN_IF_ERROR(Write(number, validation));
    epoch_ = EpochTotals();
    return absl::OkStatus();
  }

  TrainingSummary Finish() {
    summary_.steps = loop_.trainer.steps();
    summary_.samples_without_targets =
        loop_.has_teacher ? named_ - summary_.samples_with_targets : 0;
    summary_.elapsed = loop_.clock.Now() - start_;
    summary_.waited = loop_.batches.waited();
    return summary_;
  }

 private:
  // Fewer errors, then a smaller loss; the latest where nothing is held out.
  bool IsBest(const EvaluationResult& validation) const {
    const EvaluationResult& best = summary_.best_validation;
    if (!has_best_ || validation.samples == 0) return true;
    return validation.errors < best.errors ||
           (validation.errors == best.errors && validation.loss < best.loss);
  }

  void ReportProgress(int64_t epoch) {
    loop_.progress.Update({.epoch = epoch,
                           .epochs = loop_.epochs,
                           .step = loop_.trainer.steps(),
                           .steps = loop_.epochs * loop_.steps_per_epoch,
                           .samples = named_ + epoch_.named,
                           .loss = epoch_.Mean(epoch_.loss),
                           .accuracy = epoch_.Accuracy(),
                           .waited = loop_.batches.waited(),
                           .has_teacher = loop_.has_teacher});
  }

  absl::Status Write(int64_t number, const std::optional<EvaluationResult>& validation) {
    named_ += epoch_.named;
    const int64_t without = loop_.has_teacher ? epoch_.named - epoch_.with_targets : 0;
    nlohmann::json record = {{"kind", "epoch"},
                             {"epoch", number},
                             {"step", loop_.trainer.steps()},
                             {"samples", epoch_.named},
                             {"ids_hash", absl::StrFormat("%016x", epoch_.ids.value())},
                             {"samples_trained", epoch_.trained},
                             {"samples_with_targets", epoch_.with_targets},
                             {"samples_without_targets", without},
                             {"loss", epoch_.Mean(epoch_.loss)},
                             {"student_loss", epoch_.Mean(epoch_.student_loss)},
                             {"distillation_loss", epoch_.Mean(epoch_.distillation_loss)},
                             {"train_accuracy", epoch_.Accuracy()},
                             {"seconds", absl::ToDoubleSeconds(loop_.clock.Now() - start_)},
                             {"seconds_waiting", absl::ToDoubleSeconds(loop_.batches.waited())}};
    std::string line = absl::StrFormat("epoch %d/%d  loss %.4f", number + 1, loop_.epochs,
                                       epoch_.Mean(epoch_.loss));
    if (validation.has_value()) {
      record["validation"] = {{"samples", validation->samples},
                              {"errors", validation->errors},
                              {"accuracy", validation->accuracy()},
                              {"loss", validation->loss}};
      if (validation->samples > 0) {
        absl::StrAppendFormat(&line, "  validation errors %d of %d (accuracy %.2f%%)",
                              validation->errors, validation->samples,
                              100 * validation->accuracy());
      }
      if (has_best_ && summary_.best_epoch == number) absl::StrAppend(&line, "  best so far");
    }
    if (without > 0) absl::StrAppend(&line, "  ", without, " samples without soft targets");
    if (validation.has_value() || number == 0) loop_.progress.Print(line);
    return loop_.metrics.Append(record);
  }

  const TrainingLoop& loop_;
  const absl::Time start_;
  EpochTotals epoch_;
  int64_t named_ = 0;  // in the epochs before
  bool has_best_ = false;
  TrainingSummary summary_;
};

}  // namespace

absl::StatusOr<TrainingSummary> RunTrainingLoop(const TrainingLoop& loop, std::stop_token stop) {
  LoopState state(loop);
  for (int64_t epoch = 0; epoch < loop.epochs; ++epoch) {
    for (int64_t step = 0; step < loop.steps_per_epoch; ++step) {
      if (stop.stop_requested()) return absl::CancelledError("interrupted");
      ASSIGN_OR_RETURN(const std::optional<TargetedBatch> targeted, loop.batches.Next());
      if (!targeted.has_value()) {
        return absl::InternalError(absl::StrCat("the batches ended in epoch ", epoch + 1));
      }
      RETURN_IF_ERROR(state.Take(*targeted));
    }
    RETURN_IF_ERROR(loop.trainer.FinishStep());
    RETURN_IF_ERROR(state.EndEpoch(epoch));
  }
  return state.Finish();
}

}  // namespace distill
