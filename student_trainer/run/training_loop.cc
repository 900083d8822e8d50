#include "student_trainer/run/training_loop.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/count.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

class LoopState {
 public:
  explicit LoopState(const TrainingLoop& loop)
      : loop_(loop), start_(loop.clock.Now()), run_(loop.begin) {
    run_.epoch_length = loop.batches_per_epoch;
  }

  int64_t batches() const { return run_.batches; }
  int64_t epochs() const { return run_.epochs; }
  int64_t left_of_epoch() const { return loop_.batches_per_epoch - run_.epoch_batches; }

  absl::Status Take(const TargetedBatch& targeted) {
    ++run_.batches;
    ++run_.epoch_batches;
    if (targeted.batch.size() == 0) return absl::OkStatus();  // all of it was corrupt
    ASSIGN_OR_RETURN(const StepResult step, loop_.trainer.Step(targeted));
    run_.epoch.Add(step, targeted.batch);
    run_.samples += step.trained ? step.samples : 0;
    run_.samples_with_targets += step.with_targets;
    ReportProgress(targeted.batch.epoch);
    return absl::OkStatus();
  }

  absl::Status EndEpoch() {
    const int64_t number = run_.epochs;
    std::optional<EvaluationResult> validation;
    if ((number + 1) % loop_.validate_every == 0 || number + 1 == loop_.epochs) {
      ASSIGN_OR_RETURN(validation, loop_.validate());
      if (IsBest(*validation)) {
        run_.best_epoch = number;
        run_.best_batches = run_.batches;
        run_.best_validation = *validation;
        run_.has_best = true;
        RETURN_IF_ERROR(loop_.keep_best(number, *validation));
      }
    }
    RETURN_IF_ERROR(Write(number, validation));
    run_.epoch = EpochTotals();
    run_.epoch_batches = 0;
    ++run_.epochs;
    return absl::OkStatus();
  }

  // Everything up to now.
  RunProgress Run() const {
    RunProgress run = run_;
    run.seconds += absl::ToDoubleSeconds(loop_.clock.Now() - start_);
    run.seconds_waiting += absl::ToDoubleSeconds(loop_.batches.waited());
    if (loop_.waited_for_data != nullptr) {
      run.seconds_waiting_for_data += absl::ToDoubleSeconds(loop_.waited_for_data());
    }
    return run;
  }

  absl::Status Checkpoint() {
    kept_ = Run();
    return loop_.checkpoint(*kept_);
  }

  TrainingSummary Finish() const {
    return {
        .run = kept_.value_or(Run()),  // what another process finds, which adds to it
        .steps = loop_.trainer.steps(),
        .samples_without_targets = loop_.has_teacher ? run_.named - run_.samples_with_targets : 0};
  }

 private:
  // Fewer errors, then a smaller loss; the latest where nothing is held out.
  bool IsBest(const EvaluationResult& validation) const {
    const EvaluationResult& best = run_.best_validation;
    if (!run_.has_best || validation.samples == 0) return true;
    return validation.errors < best.errors ||
           (validation.errors == best.errors && validation.loss < best.loss);
  }

  void ReportProgress(int64_t epoch) {
    const EpochTotals& totals = run_.epoch;
    loop_.progress.Update(
        {.epoch = epoch,
         .epochs = loop_.epochs,
         .step = run_.epochs * loop_.batches_per_epoch + run_.epoch_batches,
         .steps = loop_.epochs * loop_.batches_per_epoch,
         .steps_before = loop_.begin.epochs * loop_.batches_per_epoch + loop_.begin.epoch_batches,
         .samples = run_.named + totals.named - loop_.begin.named - loop_.begin.epoch.named,
         .loss = totals.Mean(totals.loss),
         .accuracy = totals.Accuracy(),
         .waited = loop_.batches.waited(),
         .has_teacher = loop_.has_teacher});
  }

  absl::Status Write(int64_t number, const std::optional<EvaluationResult>& validation) {
    const EpochTotals& epoch = run_.epoch;
    run_.named += epoch.named;
    const int64_t without = loop_.has_teacher ? epoch.named - epoch.with_targets : 0;
    const RunProgress run = Run();
    nlohmann::json record = {{"kind", "epoch"},
                             {"epoch", number + 1},
                             {"step", loop_.trainer.steps()},
                             {"lr", loop_.trainer.learning_rate()},
                             {"samples", epoch.named},
                             {"ids_hash", absl::StrFormat("%016x", epoch.ids.value())},
                             {"samples_trained", epoch.trained},
                             {"rows_trained", epoch.rows},
                             {"samples_with_targets", epoch.with_targets},
                             {"samples_without_targets", without},
                             {"loss", epoch.Mean(epoch.loss)},
                             {"student_loss", epoch.Mean(epoch.student_loss)},
                             {"distillation_loss", epoch.Mean(epoch.distillation_loss)},
                             {"train_accuracy", epoch.Accuracy()},
                             {"seconds", run.seconds},
                             {"seconds_waiting", run.seconds_waiting}};
    std::string line =
        absl::StrFormat("epoch %d/%d  loss %.4f", number + 1, loop_.epochs, epoch.Mean(epoch.loss));
    if (validation.has_value()) {
      record["validation"] = *validation;
      if (validation->samples > 0) {
        absl::StrAppendFormat(&line, "  validation errors %d of %d (accuracy %.2f%%)",
                              validation->errors, validation->rows(), 100 * validation->accuracy());
        if (run_.has_best && run_.best_epoch == number) absl::StrAppend(&line, "  best so far");
      }
    }
    if (without > 0)
      absl::StrAppend(&line, "  ", Count(without, "sample"), " without soft targets");
    if (validation.has_value() || number == 0) loop_.progress.Print(line);
    RETURN_IF_ERROR(loop_.log.AppendRecord(record));
    return loop_.log.AppendScalars(record, loop_.trainer.steps(), loop_.clock.Now());
  }

  const TrainingLoop& loop_;
  const absl::Time start_;
  RunProgress run_;                  // seconds: of the processes before
  std::optional<RunProgress> kept_;  // by the last checkpoint
};

// The batches of the next step, none beyond the epoch. CANCELLED once `stop` is requested.
absl::StatusOr<std::vector<TargetedBatch>> GatherStep(const TrainingLoop& loop,
                                                      const LoopState& state,
                                                      const std::stop_token& stop) {
  std::vector<TargetedBatch> step;
  for (int64_t i = 0; i < std::min(loop.accumulate, state.left_of_epoch()); ++i) {
    if (stop.stop_requested()) return absl::CancelledError("interrupted");
    ASSIGN_OR_RETURN(std::optional<TargetedBatch> targeted, loop.batches.Next());
    if (!targeted.has_value()) {
      return absl::InternalError(
          absl::StrCat("the batches: they ended in epoch ", state.epochs() + 1));
    }
    step.push_back(*std::move(targeted));
  }
  return step;
}

// Whether a multiple of `every` lies in (before, now].
bool IsDue(int64_t every, int64_t before, int64_t now) {
  return every > 0 && now / every > before / every;
}

}  // namespace

absl::StatusOr<TrainingSummary> RunTrainingLoop(const TrainingLoop& loop, std::stop_token stop) {
  LoopState state(loop);
  while (state.epochs() < loop.epochs) {
    absl::StatusOr<std::vector<TargetedBatch>> step = GatherStep(loop, state, stop);
    if (!step.ok()) {
      // The run can be resumed once the cause is fixed, or after a stop: the steps so far are good.
      const absl::Status kept = state.Checkpoint();
      if (!kept.ok()) log::Error(kept.message());
      return kept.ok() || !stop.stop_requested() ? step.status() : kept;
    }
    const int64_t before = state.batches();
    for (const TargetedBatch& targeted : *step) RETURN_IF_ERROR(state.Take(targeted));
    const bool epoch_ends = state.left_of_epoch() == 0;
    if (epoch_ends) {
      RETURN_IF_ERROR(loop.trainer.FinishStep());
      RETURN_IF_ERROR(state.EndEpoch());
    }
    if (epoch_ends || IsDue(loop.checkpoint_every, before, state.batches())) {
      RETURN_IF_ERROR(state.Checkpoint());
    }
  }
  return state.Finish();
}

}  // namespace distill
