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
#include "absl/types/span.h"
#include "teacher_server/metrics/model_metrics.h"

namespace distill {

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
