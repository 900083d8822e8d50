// ModelMetrics: the metrics of one model, and why streams and requests are refused.
//
// This header holds no type of prometheus-cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "teacher_server/batching/batcher.h"

namespace distill {

struct MetricFamilies;

// Why a stream or a request was refused; the label `reason` of distill_rejected_total.
enum class RejectReason {
  // Streams.
  kBadMessage,       // undecodable, without a kind, out of order, an id that is in flight
  kBadOpen,          // an open that asks for what is not granted
  kNotFound,         // a model that is not served
  kUnauthenticated,  // without a token, or with a wrong one
  kTooManyStreams,
  // Requests.
  kBadRequest,
  kExpired,
  kInternal,  // the teacher's own fault
  // Both.
  kTooLarge,  // a message over the limit, or a request whose answer could never fit
  kDraining,
};

// Returns the value of the label: "bad_open".
absl::string_view RejectReasonName(RejectReason reason);

// What was done since the start. A request and its samples count as answered when the answer's
// write completed.
struct ServedCounts {
  int64_t samples_served = 0;  // of requests answered OK
  int64_t requests_ok = 0;
  int64_t requests_failed = 0;   // answered with an Error
  int64_t requests_dropped = 0;  // the stream ended before their answers were written
  int64_t streams = 0;           // opened
  int64_t bytes_in = 0;          // of messages on opened streams
  int64_t bytes_out = 0;
};

// The series of one model. Thread-safe, and cheap: an atomic operation each, histograms and
// StreamOpened a short lock. Owned by its Metrics.
class ModelMetrics : public BatchObserver {
 public:
  ~ModelMetrics() override;

  // `token`: the name, in the token file, of the token that the stream came with; "", which becomes
  // the label "none", where there is none.
  void StreamOpened(absl::string_view token);
  void StreamClosed();
  // Of a stream that was refused, or a request; both are beside what else is called for them.
  void Rejected(RejectReason reason);

  // Each request that was received ends as one of these.
  void RequestAnswered(int64_t samples);
  void RequestFailed();
  void RequestsDropped(int64_t requests);  // the stream ended before their answers were written

  // Bytes of messages.
  void Received(int64_t bytes);
  void Sent(int64_t bytes);

  // Adds what these series count.
  void AddTo(ServedCounts& counts) const;

  void OnQueue(int64_t requests, int64_t samples) override;
  void OnQueueTime(absl::Duration queued) override;
  void OnBatch(int64_t samples, absl::Duration compute, absl::Duration encode) override;

 private:
  friend class Metrics;
  struct Parts;
  ModelMetrics(MetricFamilies& families, const std::string& model);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace distill
