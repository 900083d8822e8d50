// SoftTargetSource: where soft targets come from: one teacher (TeacherClient) or several that
// compute the same (TeacherPool). What asks for soft targets knows no more of teachers than this.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/contract/input_batch.h"
#include "common/contract/limits.h"
#include "common/contract/served_model.h"
#include "common/contract/target_spec.h"

namespace distill {

// An output that is asked for, and how its rows are encoded.
struct AskedOutput {
  std::string name = kLogitsOutput;
  TargetSpec spec;
};

// One output of each answer, as it was granted.
struct AnswerOutput {
  OutputSpec output;  // of an answer: the width of logits is the number of classes chosen
  TargetSpec spec;

  friend bool operator==(const AnswerOutput&, const AnswerOutput&) = default;
};

// The answer to a request: one entry per output.
using SoftTargets = std::vector<EncodedTargets>;

struct SoftTargetRequest {
  std::vector<InputBatch> inputs;  // one per input of the teacher; memory is shared
  // The positions that outputs with a row per position are answered for (row_mask.h), of samples
  // with lengths; empty: all.
  std::string row_mask = {};
  // Of logits, that the answer must have; 0: any multiple of the samples. Not used of logits with a
  // row per position, where samples have lengths.
  int64_t rows = 0;
  float temperature = 1;
  uint64_t seed = 0;
  absl::Duration timeout = absl::InfiniteDuration();  // from receipt at the server, for one attempt
};

// So many losses in a row without one answer are not a matter of time: a proxy before the teacher
// may end every stream.
inline constexpr int64_t kFruitlessLosses = 5;

// Sums over all teachers.
struct ClientStats {
  int64_t answers = 0;
  int64_t samples_answered = 0;
  int64_t bytes_sent = 0;
  int64_t bytes_received = 0;  // of answers
  int64_t losses = 0;          // how often the source was connected and then lost
  int64_t reconnects = 0;      // streams opened after a teacher's first
  // The losses in a row for which a teacher owed answers and gave none in between; not a sum, but
  // of the teacher with the fewest.
  int64_t fruitless_losses = 0;
};

enum class TeacherState {
  kConnected,
  kDraining,  // it finishes what it took, and takes nothing more; a pool is never in this state
  kLost,      // reconnecting
  kFailed,    // dropped for this run; status() has the reason
  kStopped,
};

// Thread-safe.
class SoftTargetSource {
 public:
  using Callback = std::function<void(absl::StatusOr<SoftTargets>)>;

  virtual ~SoftTargetSource() = default;

  // Constant: all teachers ever used are the same in these.
  virtual const ModelInfo& info() const = 0;
  virtual const std::vector<AnswerOutput>& outputs() const = 0;

  // The limits of one request are constant. The credits, how many samples may be outstanding, may
  // change; a caller with more than that outstanding sends none until it has less.
  virtual StreamLimits limits() const = 0;

  // Sends a request, now or when connected again, and returns its id; ids increase. The callback is
  // called exactly once, from another thread, without a lock of the source; it must not call
  // Stop(). Never blocks: the caller keeps what is outstanding within limits().credits. On an error
  // the request was not taken and its callback is never called: INVALID_ARGUMENT for inputs that
  // are not the teacher's, RESOURCE_EXHAUSTED for more samples than a request may have, CANCELLED
  // once stopped, or status() once failed.
  virtual absl::StatusOr<uint64_t> Send(SoftTargetRequest request, Callback callback) = 0;

  // In state kLost: gives up those of the requests that are still outstanding, so that they are not
  // sent again; their callbacks get CANCELLED, from this thread, before it returns. False, and
  // nothing is given up, in any other state.
  virtual bool AbandonWhileLost(absl::Span<const uint64_t> ids) = 0;

  virtual TeacherState state() const = 0;

  // OK while connected; UNAVAILABLE with the reason while lost; permanently, the reason of a
  // failure or CANCELLED after Stop().
  virtual absl::Status status() const = 0;

  // The last time it was lost, also when that is over; OK if it never was.
  virtual absl::Status last_loss() const = 0;

  virtual ClientStats stats() const = 0;

  // Calls `listener` after every change of state, from other threads, without a lock. Replaces the
  // one before, which may still be called once; null: none.
  virtual void SetStateListener(std::function<void()> listener) = 0;

  // Ends all streams. Outstanding callbacks get CANCELLED before it returns. Idempotent.
  virtual void Stop() = 0;
};

// A callback and what to call it with, for when no lock is held.
struct Completion {
  SoftTargetSource::Callback callback;
  absl::StatusOr<SoftTargets> result;
};

}  // namespace distill
