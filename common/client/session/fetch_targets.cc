#include "common/client/session/fetch_targets.h"

#include <memory>
#include <utility>

#include "common/base/mutex.h"
#include "common/base/random.h"
#include "common/base/status_macros.h"
#include "common/client/session/request_cut.h"

namespace distill {
namespace {

// Shared with the callbacks, which may come after an early return.
struct Fetch {
  Mutex mutex;
  CondVar changed;
  std::vector<EncodedTargets> answers ABSL_GUARDED_BY(mutex);
  size_t answered ABSL_GUARDED_BY(mutex) = 0;
  int64_t in_flight ABSL_GUARDED_BY(mutex) = 0;
  absl::Status error ABSL_GUARDED_BY(mutex);
};

}  // namespace

absl::StatusOr<std::vector<EncodedTargets>> FetchTargets(SoftTargetSource& source,
                                                         const HostTensor& inputs,
                                                         const FetchOptions& options) {
  const StreamLimits limits = source.limits();
  ASSIGN_OR_RETURN(const std::vector<RequestRange> ranges,
                   CutIntoRequests(inputs,
                                   {.spec = source.spec(),
                                    .classes = source.info().classes,
                                    .rows_per_sample = options.rows_per_sample},
                                   limits));
  auto fetch = std::make_shared<Fetch>();
  {
    MutexLock lock(fetch->mutex);
    fetch->answers.resize(ranges.size());
  }
  for (size_t i = 0; i < ranges.size(); ++i) {
    const int64_t samples = ranges[i].samples();
    {
      MutexLock lock(fetch->mutex);
      while (fetch->in_flight + samples > limits.credits && fetch->error.ok()) {
        fetch->changed.Wait(fetch->mutex);
      }
      RETURN_IF_ERROR(fetch->error);
      fetch->in_flight += samples;
    }
    SoftTargetRequest request = {
        .inputs = {SliceRows(inputs, ranges[i].begin, ranges[i].end)},
        .rows = samples * options.rows_per_sample,
        .temperature = options.temperature,
        .seed = MixSeed({options.seed, static_cast<uint64_t>(ranges[i].begin)})};
    auto on_answer = [fetch, i, samples](absl::StatusOr<EncodedTargets> answer) {
      MutexLock lock(fetch->mutex);
      fetch->in_flight -= samples;
      if (answer.ok()) {
        fetch->answers[i] = *std::move(answer);
        ++fetch->answered;
      } else {
        fetch->error = answer.status();
      }
      fetch->changed.NotifyAll();
    };
    RETURN_IF_ERROR(source.Send(std::move(request), std::move(on_answer)).status());
  }
  MutexLock lock(fetch->mutex);
  while (fetch->answered < ranges.size() && fetch->error.ok()) fetch->changed.Wait(fetch->mutex);
  RETURN_IF_ERROR(fetch->error);
  return std::move(fetch->answers);
}

}  // namespace distill
