// Metrics: counters, gauges and histograms of a teacher server, kept and served over HTTP by
// prometheus-cpp. They are the one record of what the server has done; the Budget, which they read,
// is the one of what it has in flight.
//
// Every label value comes from the operator: the names of the models, fixed at construction, and
// the names of the tokens in the token file, which may be read again while the server runs. Nothing
// that a client sends may become one: each value is a time series that lives as long as the
// process.
//
// This header holds no type of prometheus-cpp.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "teacher_server/admission/budget.h"
#include "teacher_server/metrics/model_metrics.h"

namespace distill {

// Thread-safe. Outlives whatever counts.
class Metrics {
 public:
  explicit Metrics(absl::Span<const std::string> models);
  // Stops serving. Takes up to 2 s after Expose, whose threads poll that seldom.
  ~Metrics();

  // Serves GET /metrics at "host:port" or "[IPv6]:port" (port 0: any free one), from then on, in
  // threads of its own; returns the address with the real port. To be called once. Errors are one
  // line that names the address: INVALID_ARGUMENT if it has another form (or is IPv6, which Debian
  // 12's civetweb lacks), FAILED_PRECONDITION if it is in use, INTERNAL for other errors of the
  // system.
  absl::StatusOr<std::string> Expose(const std::string& address);

  // The series of a model, which must be one of the constructor's. Valid as long as this object.
  ModelMetrics& of(absl::string_view model);

  // A stream refused before its model was known: label model="".
  void Rejected(RejectReason reason);

  void SetDraining();
  // From now on shows what `budget` has in flight.
  void Watch(std::shared_ptr<const Budget> budget);

  // Of all models.
  ServedCounts counts() const;

  // Returns what a scrape would get, except the metrics of the HTTP server itself.
  std::string Text() const;

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace distill
