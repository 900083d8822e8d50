// MetricFamilies: the names, help and types of a teacher server's metrics of models. Only sources
// of this folder include this.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include <array>
#include <string>

#include "teacher_server/metrics/model_metrics.h"

namespace distill {

inline prometheus::Family<prometheus::Counter>& AddCounter(prometheus::Registry& registry,
                                                           const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

inline prometheus::Family<prometheus::Gauge>& AddGauge(prometheus::Registry& registry,
                                                       const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

inline prometheus::Family<prometheus::Histogram>& AddHistogram(prometheus::Registry& registry,
                                                               const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

// A gauge without labels, as a Collectable returns it.
inline prometheus::MetricFamily GaugeFamily(const char* name, const char* help, double value) {
  prometheus::ClientMetric metric;
  metric.gauge.value = value;
  return {name, help, prometheus::MetricType::Gauge, {metric}};
}

// The metrics that models have in common; they differ in the label `model`.
struct MetricFamilies {
  explicit MetricFamilies(prometheus::Registry& registry)
      : streams_open(AddGauge(registry, "distill_streams_open", "Streams that are open now")),
        streams(AddCounter(registry, "distill_streams_total", "Streams opened")),
        requests(AddCounter(registry, "distill_requests_total",
                            "Requests by outcome: answered OK, answered with an error, or dropped "
                            "because their stream ended first")),
        samples(AddCounter(registry, "distill_samples_total", "Samples answered OK")),
        received(
            AddCounter(registry, "distill_received_bytes_total", "Bytes of messages received")),
        sent(AddCounter(registry, "distill_sent_bytes_total", "Bytes of messages sent")),
        rejected(AddCounter(registry, "distill_rejected_total",
                            "Streams and requests refused, by reason")),
        queue_samples(AddGauge(registry, "distill_queue_samples", "Samples waiting for a batch")),
        queue_requests(
            AddGauge(registry, "distill_queue_requests", "Requests waiting for a batch")),
        queue_seconds(
            AddHistogram(registry, "distill_queue_seconds",
                         "Time of a request from its arrival until its batch was formed")),
        compute_seconds(AddHistogram(registry, "distill_compute_seconds",
                                     "Time in which the model ran, by batch")),
        encode_seconds(AddHistogram(registry, "distill_encode_seconds",
                                    "Time in which the soft targets were encoded, by batch")),
        batch_samples(AddHistogram(registry, "distill_batch_samples", "Samples of a batch")) {}

  prometheus::Family<prometheus::Gauge>& streams_open;
  prometheus::Family<prometheus::Counter>& streams;
  prometheus::Family<prometheus::Counter>& requests;
  prometheus::Family<prometheus::Counter>& samples;
  prometheus::Family<prometheus::Counter>& received;
  prometheus::Family<prometheus::Counter>& sent;
  prometheus::Family<prometheus::Counter>& rejected;
  prometheus::Family<prometheus::Gauge>& queue_samples;
  prometheus::Family<prometheus::Gauge>& queue_requests;
  prometheus::Family<prometheus::Histogram>& queue_seconds;
  prometheus::Family<prometheus::Histogram>& compute_seconds;
  prometheus::Family<prometheus::Histogram>& encode_seconds;
  prometheus::Family<prometheus::Histogram>& batch_samples;
};

inline constexpr size_t kRejectReasons = static_cast<size_t>(RejectReason::kDraining) + 1;

// One counter a reason, all there from the start so that rates of a first event are right.
class RejectedCounters {
 public:
  RejectedCounters(MetricFamilies& families, const std::string& model) {
    for (size_t i = 0; i < kRejectReasons; ++i) {
      const std::string reason(RejectReasonName(static_cast<RejectReason>(i)));
      counters_[i] = &families.rejected.Add({{"model", model}, {"reason", reason}});
    }
  }

  void Add(RejectReason reason) { counters_[static_cast<size_t>(reason)]->Increment(); }

 private:
  std::array<prometheus::Counter*, kRejectReasons> counters_{};
};

}  // namespace distill
