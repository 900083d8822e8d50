// TeacherClient: asks one teacher server for soft targets, and outlives the server's absences.
//
// A request that was taken is answered once, whatever happens to the connection: after a loss the
// client reconnects, for as long as it takes, and sends again what was not answered. It never
// continues with another teacher than the one it started with (fingerprint), and permanently drops
// a teacher that breaks the contract: an answer that does not match its request is rejected, and
// everything outstanding fails.
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
#include "common/client/session/backoff.h"
#include "common/client/session/granted.h"
#include "common/client/session/soft_target_source.h"
#include "common/rpc/credentials.h"

namespace distill {

class TeacherConnection;

struct TeacherClientOptions {
  std::string address;      // "host:port", "unix:/path"
  std::string ip;           // one of the host's addresses, to use it alone; empty: gRPC chooses
  ClientSecurity security;  // its files are read again for each stream
  std::string model;        // empty: the server's only one, or its first
  std::string client_name;  // for the server's log; at most 128 bytes
  TargetSpec spec;          // of the output `logits`, where `outputs` is empty
  std::vector<AskedOutput> outputs;  // that each request is answered with; empty: `logits`
  // The classes wanted, in this order: as names (with class_subset they may be some of the
  // teacher's) or as indices of the teacher's, not both. Empty: all, in the teacher's order.
  std::vector<std::string> class_names;
  bool class_subset = false;
  std::vector<int64_t> class_indices;
  bool batch_independent = false;
  // Inputs of variable length are sent with the lengths of their samples, without padding.
  bool ragged = false;
  // The most rows per sample of outputs with a row per position, with `ragged`; 0: not known.
  int64_t max_rows_per_sample = 0;
  // For an attempt to open a stream, and for Connect as a whole.
  absl::Duration connect_timeout = absl::Seconds(10);
  BackoffOptions backoff;
  int64_t max_message_bytes = 64 << 20;  // of an answer

  // INVALID_ARGUMENT names the field and what is allowed.
  absl::Status Validate() const;

  // `outputs`, or `logits` in the encoding `spec`.
  std::vector<AskedOutput> AskedOutputs() const;

  Lengths lengths() const { return ragged ? Lengths::kRagged : Lengths::kEqual; }

  // How messages call the teacher: its address, "host:port (192.0.2.7)" with an `ip`.
  std::string TeacherName() const;
};

// Thread-safe. Owns a thread that reconnects.
class TeacherClient : public SoftTargetSource {
 public:
  // Blocks until a stream is open. While the server cannot be reached it tries again, up to
  // connect_timeout; while the server answers that it is starting, as long as it takes.
  // INVALID_ARGUMENT for bad options; UNAVAILABLE "cannot reach a teacher at …";
  // FAILED_PRECONDITION "… is not a teacher server"; a refusal has the server's code and words. A
  // file of `security` that cannot be used is named. The clock must outlive the client.
  static absl::StatusOr<std::unique_ptr<TeacherClient>> Connect(const TeacherClientOptions& options,
                                                                Clock& clock);

  // As Connect, and does not wait: the client is lost until a stream is open, for which it tries as
  // long as it takes; its status() tells how the last attempt ended. What else would be an error of
  // Connect fails the client. `options` must be valid.
  static std::unique_ptr<TeacherClient> Start(const TeacherClientOptions& options, Clock& clock,
                                              std::function<void()> listener);

  // As Stop().
  ~TeacherClient() override;

  // As granted at first; every later stream has the same, or the client fails. (Limits and numerics
  // are the first stream's; numerics stay the same if batch_independent.) Not before the client was
  // connected for the first time; the same goes for Send.
  const Granted& granted() const;
  const ModelInfo& info() const override { return granted().model; }
  const std::vector<AnswerOutput>& outputs() const override { return granted().outputs; }
  const Numerics& numerics() const { return granted().numerics; }
  StreamLimits limits() const override { return granted().limits; }

  absl::StatusOr<uint64_t> Send(SoftTargetRequest request, Callback callback) override;
  bool AbandonWhileLost(absl::Span<const uint64_t> ids) override;

  // Gives back what the teacher does not have, so that another can be asked: while it is lost every
  // request, while it drains those that it did not take, else none. Their callbacks get CANCELLED,
  // from this thread, before it returns.
  void GiveBackUntaken();

  // Whether the first attempt to connect has ended, well or not.
  bool attempted() const;
  // Whether the last one was told that the server is starting, and none was granted yet.
  bool starting() const;
  // Whether a server that is started later, or a longer wait, may help where none was granted.
  bool may_come_later() const;

  TeacherState state() const override;
  bool connected() const { return state() == TeacherState::kConnected; }
  absl::Status status() const override;
  absl::Status last_loss() const override;
  ClientStats stats() const override;

  // The listener is also called when GiveBackUntaken has something more to give back, and when
  // another first attempt to connect has failed.
  void SetStateListener(std::function<void()> listener) override;

  // Samples of all outstanding requests.
  int64_t samples_in_flight() const;

  void Stop() override;

 private:
  explicit TeacherClient(std::shared_ptr<TeacherConnection> connection);

  const std::shared_ptr<TeacherConnection> connection_;
};

}  // namespace distill
