#include "student_trainer/run/batch_pipeline.h"

#include <utility>

#include "student_trainer/views/resample/fit_to_student.h"

namespace distill {

BatchPipeline::BatchPipeline(const TrainOptions& options, const BatchMaker& maker,
                             int64_t first_batch, SoftTargetSource* teachers,
                             const BatchInputs& inputs, std::stop_token stop, Clock& clock)
    : loader_(maker, {.threads = options.loader_threads, .first_batch = first_batch}),
      hard_labels_(loader_, clock) {
  TargetedBatchSource* source = &hard_labels_;
  if (teachers != nullptr) {
    prefetcher_.emplace(
        *teachers, loader_,
        PrefetcherOptions{.temperature = static_cast<float>(options.ResolvedTemperature()),
                          .run_seed = options.seed,
                          .policy = options.on_teacher_loss,
                          .rows_per_sample = inputs.rows_per_sample,
                          .inputs = inputs.teacher},
        clock);
    stop_prefetching_.emplace(std::move(stop), [this] { prefetcher_->Stop(); });
    source = &*prefetcher_;
  }
  fitted_.emplace(*source, [inputs](const std::vector<InputBatch>& all) {
    return FitToStudent(all, inputs.student, inputs.student_specs);
  });
}

absl::Duration BatchPipeline::waited_for_data() const {
  return prefetcher_.has_value() ? prefetcher_->stats().waited_for_data
                                 : hard_labels_.waited_for_data();
}

}  // namespace distill
