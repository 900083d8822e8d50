// Metrics: what Prometheus sees of a teacher server: counters, gauges and histograms, kept and
// served over HTTP by prometheus-cpp.
//
// Every label value comes from the operator: the names of the models, fixed at construction, and
// the names of the tokens in the token file, which may be read again while the server runs. Nothing
// that a client sends may become one: each value is a time series that lives as long as the
// process.
//
// This header holds no type of prometheus-cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
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

// As it stands in the label: "bad_open".
absl::string_view RejectReasonName(RejectReason reason);

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

  void OnQueue(int64_t requests, int64_t samples) override;
  void OnQueueTime(absl::Duration queued) override;
  void OnBatch(int64_t samples, absl::Duration compute, absl::Duration encode) override;

 private:
  friend class Metrics;
  struct Parts;
  ModelMetrics(MetricFamilies& families, const std::string& model);

  const std::unique_ptr<Parts> parts_;
};

// Thread-safe. Outlives whatever counts.
class Metrics {
 public:
  explicit Metrics(absl::Span<const std::string> models);
  // Stops to serve. Takes up to 2 s where Expose was called: so seldom its threads look up.
  ~Metrics();

  // Serves GET /metrics at "host:port" or "[IPv6]:port" (port 0: any free one), from then on, in
  // threads of its own; returns the address with the real port. To be called once. Errors are one
  // line that names the address: INVALID_ARGUMENT where it is no such address (or IPv6, which
  // Debian 12's civetweb lacks), FAILED_PRECONDITION where it is in use, INTERNAL for whatever else
  // the system says.
  absl::StatusOr<std::string> Expose(const std::string& address);

  // The series of a model, which must be one of the constructor's. Valid as long as this object.
  ModelMetrics& of(absl::string_view model);

  // A stream refused before its model was known: label model="".
  void Rejected(RejectReason reason);

  void SetDraining();
  void SetByteLimit(int64_t bytes);
  // The change of what all streams together have in flight; negative when it is given back.
  void AddInFlight(int64_t bytes, int64_t samples);

  // What a scrape would get, but for the metrics of the HTTP server itself.
  std::string Text() const;

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace distill
