#include "student_trainer/run/batch_pipeline.h"

#include <utility>

#include "student_trainer/views/resample/fit_to_student.h"

namespace distill {

BatchPipeline::BatchPipeline(const BatchMaker& maker, const BatchLoaderOptions& loader,
                             SoftTargetSource* teachers, const PrefetcherOptions& prefetcher,
                             const BatchInputs& inputs, std::stop_token stop, Clock& clock)
    : loader_(maker, loader), hard_labels_(loader_, clock) {
  TargetedBatchSource* source = &hard_labels_;
  if (teachers != nullptr) {
    prefetcher_.emplace(*teachers, loader_, prefetcher, clock);
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
