#include "common/client/session/fetch_targets.h"

#include <algorithm>
#include <memory>
#include <optional>
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
  int64_t in_flight ABSL_GUARDED_BY(mutex) = 0;  // samples
  absl::Status error ABSL_GUARDED_BY(mutex);
};

// Wakes a fetch when the state of its source changes, while this lives.
class StateWatch {
 public:
  StateWatch(SoftTargetSource& source, const std::shared_ptr<Fetch>& fetch) : source_(source) {
    source_.SetStateListener([fetch] {
      // The fetch has asked for the state, under the lock, before this; or it waits already.
      { MutexLock lock(fetch->mutex); }
      fetch->changed.NotifyAll();
    });
  }
  ~StateWatch() { source_.SetStateListener(nullptr); }
  StateWatch(const StateWatch&) = delete;
  StateWatch& operator=(const StateWatch&) = delete;

 private:
  SoftTargetSource& source_;
};

bool IsGivenUp(const SoftTargetSource& source, OnFruitlessLosses policy) {
  return policy == OnFruitlessLosses::kGiveUp && source.state() == TeacherState::kLost &&
         source.stats().fruitless_losses >= kFruitlessLosses;
}

// Waits until no more than `most` samples are in flight. `ids`: of the requests that were sent.
absl::Status AwaitAnswers(SoftTargetSource& source, Fetch& fetch, int64_t most,
                          const std::vector<uint64_t>& ids, OnFruitlessLosses policy) {
  while (true) {
    {
      // The source calls back without its lock, so it may be asked under this one.
      MutexLock lock(fetch.mutex);
      while (fetch.in_flight > most && fetch.error.ok() && !IsGivenUp(source, policy)) {
        fetch.changed.Wait(fetch.mutex);
      }
      RETURN_IF_ERROR(fetch.error);
      if (fetch.in_flight <= most) return absl::OkStatus();
    }
    // Not under the lock, which the callbacks of the abandoned requests take. It may be connected
    // again by now.
    absl::Status losses = source.status();
    if (!losses.ok() && source.AbandonWhileLost(ids)) return losses;
  }
}

}  // namespace

absl::StatusOr<std::vector<EncodedTargets>> FetchTargets(SoftTargetSource& source,
                                                         const AskedBatch& batch,
                                                         const FetchOptions& options) {
  const StreamLimits limits = source.limits();
  const std::vector<AnswerOutput>& outputs = source.outputs();
  const auto logits = std::find_if(outputs.begin(), outputs.end(), [](const AnswerOutput& output) {
    return output.output.name == kLogitsOutput;
  });
  if (logits == outputs.end()) {
    return absl::FailedPreconditionError("the teacher: it is not asked for the output 'logits'");
  }
  const auto index = static_cast<size_t>(logits - outputs.begin());
  ASSIGN_OR_RETURN(const RequestCut cut,
                   CutIntoRequests(batch, outputs, options.rows_per_sample, limits));
  const std::vector<RequestRange>& ranges = cut.ranges;
  auto fetch = std::make_shared<Fetch>();
  {
    MutexLock lock(fetch->mutex);
    fetch->answers.resize(ranges.size());
  }
  const OnFruitlessLosses policy = options.on_fruitless_losses;
  std::optional<StateWatch> watch;
  if (policy == OnFruitlessLosses::kGiveUp) watch.emplace(source, fetch);
  std::vector<uint64_t> ids;
  for (size_t i = 0; i < ranges.size(); ++i) {
    const int64_t samples = ranges[i].samples();
    RETURN_IF_ERROR(AwaitAnswers(source, *fetch, limits.credits - samples, ids, policy));
    {
      MutexLock lock(fetch->mutex);
      fetch->in_flight += samples;
    }
    SoftTargetRequest request = MakeRequest(batch, ranges[i], options.rows_per_sample);
    request.temperature = options.temperature;
    request.seed = MixSeed({options.seed, static_cast<uint64_t>(ranges[i].begin)});
    auto on_answer = [fetch, i, index, samples](absl::StatusOr<SoftTargets> answer) {
      MutexLock lock(fetch->mutex);
      fetch->in_flight -= samples;
      if (answer.ok()) {
        fetch->answers[i] = std::move((*answer)[index]);
      } else {
        fetch->error = answer.status();
      }
      fetch->changed.NotifyAll();
    };
    ASSIGN_OR_RETURN(ids.emplace_back(), source.Send(std::move(request), std::move(on_answer)));
  }
  RETURN_IF_ERROR(AwaitAnswers(source, *fetch, 0, ids, policy));
  MutexLock lock(fetch->mutex);
  return std::move(fetch->answers);
}

}  // namespace distill
