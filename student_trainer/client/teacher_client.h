// TeacherClient: asks one teacher server for soft targets, and outlives the server's absences.
//
// A request that was taken is answered once, whatever happens to the connection: after a loss the
// client reconnects, for as long as it takes, and sends again what was not answered. It never goes
// on with another teacher than the one it began with (fingerprint), and it drops a teacher for good
// that breaks the contract: an answer that does not match its request is rejected, and everything
// outstanding fails.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/rpc/credentials.h"
#include "common/rpc/limits.h"
#include "common/store/served_model.h"
#include "common/tensor/host_tensor.h"
#include "common/tensor/target_spec.h"
#include "student_trainer/client/backoff.h"

namespace distill {

class TeacherConnection;

struct TeacherClientOptions {
  std::string address;      // "host:port", "unix:/path"
  ClientSecurity security;  // its files are read anew for each stream
  std::string model;        // empty: the server's only one, or its first
  std::string client_name;  // for the server's log; at most 128 bytes
  TargetSpec spec;
  std::vector<std::string> class_names;  // the order wanted; empty: the server's own
  bool batch_independent = false;
  // For an attempt to open a stream, and for Connect as a whole.
  absl::Duration connect_timeout = absl::Seconds(10);
  BackoffOptions backoff;
  int64_t max_message_bytes = 64 << 20;  // of an answer

  // INVALID_ARGUMENT names the field and what is allowed.
  absl::Status Validate() const;
};

struct SoftTargetRequest {
  std::vector<HostTensor> inputs;  // one an input of the teacher, [samples, …]
  int64_t rows = 0;                // that the answer must have; 0: any multiple of the samples
  float temperature = 1;
  uint64_t seed = 0;
  absl::Duration timeout = absl::InfiniteDuration();  // from receipt at the server, for one attempt
};

struct ClientStats {
  int64_t answers = 0;
  int64_t samples_answered = 0;
  int64_t bytes_sent = 0;
  int64_t bytes_received = 0;  // of answers
  int64_t losses = 0;          // streams that were open and ended
  int64_t reconnects = 0;      // streams opened after the first
};

enum class TeacherState {
  kConnected,
  kLost,    // reconnecting
  kFailed,  // dropped for this run; status() says why
  kStopped,
};

// Thread-safe. Owns a thread that reconnects.
class TeacherClient {
 public:
  using Callback = std::function<void(absl::StatusOr<EncodedTargets>)>;

  // Blocks until a stream is open. While the server cannot be reached it tries again, up to
  // connect_timeout. INVALID_ARGUMENT for bad options; UNAVAILABLE "cannot reach a teacher at …";
  // FAILED_PRECONDITION "… is not a teacher server"; a refusal has the server's code and words. A
  // file of `security` that cannot be used is named. The clock must outlive the client.
  static absl::StatusOr<std::unique_ptr<TeacherClient>> Connect(const TeacherClientOptions& options,
                                                                Clock& clock);

  // As Stop().
  ~TeacherClient();

  // As granted at first; every later stream has the same, or the client fails. (Limits and numerics
  // are the first stream's; numerics stay the same if batch_independent.)
  const ModelInfo& info() const;
  const TargetSpec& spec() const;
  const Numerics& numerics() const;
  const StreamLimits& limits() const;

  // Sends a request, now or when connected again, and returns its id; ids increase. The callback is
  // called exactly once, from another thread, without a lock of the client; it must not call
  // Stop(). Never blocks: the caller keeps samples_in_flight() within limits().credits. On an error
  // the request was not taken and its callback is never called: INVALID_ARGUMENT for inputs that
  // are not the teacher's, RESOURCE_EXHAUSTED for more samples than a request may have, CANCELLED
  // once stopped, or status() once failed.
  absl::StatusOr<uint64_t> Send(SoftTargetRequest request, Callback callback);

  // While the teacher is lost: gives up those of the requests that are still outstanding, so that
  // they are not sent again; their callbacks get CANCELLED, from this thread, before it returns.
  // False, and nothing is given up, in any other state.
  bool AbandonWhileLost(absl::Span<const uint64_t> ids);

  TeacherState state() const;
  bool connected() const { return state() == TeacherState::kConnected; }

  // OK while connected; UNAVAILABLE with the reason while lost; why it failed, or CANCELLED, for
  // good.
  absl::Status status() const;

  // The last loss of the connection, also when that is over; OK if there was none.
  absl::Status last_loss() const;

  // Calls `listener` after every change of state, from the client's threads, without a lock.
  // Replaces the one before, which may still be called once; null: none.
  void SetStateListener(std::function<void()> listener);

  ClientStats stats() const;

  // Samples of all outstanding requests.
  int64_t samples_in_flight() const;

  // Ends the stream. Outstanding callbacks get CANCELLED before it returns. Idempotent.
  void Stop();

 private:
  explicit TeacherClient(std::shared_ptr<TeacherConnection> connection);

  const std::shared_ptr<TeacherConnection> connection_;
};

}  // namespace distill
