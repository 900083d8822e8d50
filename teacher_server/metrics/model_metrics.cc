#include "teacher_server/metrics/model_metrics.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "common/base/mutex.h"
#include "teacher_server/metrics/metric_families.h"

namespace distill {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

constexpr char kNoToken[] = "none";

const Histogram::BucketBoundaries& SecondsBuckets() {
  static const auto& buckets = *new Histogram::BucketBoundaries{
      1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60};
  return buckets;
}

Histogram::BucketBoundaries SamplesBuckets() {
  Histogram::BucketBoundaries buckets;
  for (int samples = 1; samples <= 65536; samples *= 2) buckets.push_back(samples);
  return buckets;
}

// A double is exact up to 2^53.
int64_t Whole(const Counter& counter) { return static_cast<int64_t>(counter.Value()); }

}  // namespace

absl::string_view RejectReasonName(RejectReason reason) {
  switch (reason) {
    case RejectReason::kBadMessage:
      return "bad_message";
    case RejectReason::kBadOpen:
      return "bad_open";
    case RejectReason::kNotFound:
      return "not_found";
    case RejectReason::kUnauthenticated:
      return "unauthenticated";
    case RejectReason::kTooManyStreams:
      return "too_many_streams";
    case RejectReason::kBadRequest:
      return "bad_request";
    case RejectReason::kExpired:
      return "expired";
    case RejectReason::kInternal:
      return "internal";
    case RejectReason::kTooLarge:
      return "too_large";
    case RejectReason::kDraining:
      return "draining";
  }
  return "unknown";
}

struct ModelMetrics::Parts {
  Parts(MetricFamilies& families, const std::string& model)
      : model(model),
        streams(families.streams),
        streams_open(families.streams_open.Add({{"model", model}})),
        ok(families.requests.Add({{"model", model}, {"outcome", "ok"}})),
        failed(families.requests.Add({{"model", model}, {"outcome", "failed"}})),
        dropped(families.requests.Add({{"model", model}, {"outcome", "dropped"}})),
        samples(families.samples.Add({{"model", model}})),
        received(families.received.Add({{"model", model}})),
        sent(families.sent.Add({{"model", model}})),
        rejected(families, model),
        queue_samples(families.queue_samples.Add({{"model", model}})),
        queue_requests(families.queue_requests.Add({{"model", model}})),
        queue_seconds(families.queue_seconds.Add({{"model", model}}, SecondsBuckets())),
        compute_seconds(families.compute_seconds.Add({{"model", model}}, SecondsBuckets())),
        encode_seconds(families.encode_seconds.Add({{"model", model}}, SecondsBuckets())),
        batch_samples(families.batch_samples.Add({{"model", model}}, SamplesBuckets())) {}

  Counter& StreamsOf(absl::string_view token) {
    const std::string name(token.empty() ? kNoToken : token);
    MutexLock lock(mutex);
    Counter*& counter = streams_by_token[name];
    if (counter == nullptr) counter = &streams.Add({{"model", model}, {"token", name}});
    return *counter;
  }

  const std::string model;
  Family<Counter>& streams;
  Gauge& streams_open;
  Counter& ok;
  Counter& failed;
  Counter& dropped;
  Counter& samples;
  Counter& received;
  Counter& sent;
  RejectedCounters rejected;
  Gauge& queue_samples;
  Gauge& queue_requests;
  Histogram& queue_seconds;
  Histogram& compute_seconds;
  Histogram& encode_seconds;
  Histogram& batch_samples;
  Mutex mutex;
  absl::flat_hash_map<std::string, Counter*> streams_by_token ABSL_GUARDED_BY(mutex);
};

ModelMetrics::ModelMetrics(MetricFamilies& families, const std::string& model)
    : parts_(std::make_unique<Parts>(families, model)) {}
ModelMetrics::~ModelMetrics() = default;

void ModelMetrics::StreamOpened(absl::string_view token) {
  parts_->StreamsOf(token).Increment();
  parts_->streams_open.Increment();
}
void ModelMetrics::StreamClosed() { parts_->streams_open.Decrement(); }
void ModelMetrics::Rejected(RejectReason reason) { parts_->rejected.Add(reason); }

void ModelMetrics::RequestAnswered(int64_t samples) {
  parts_->ok.Increment();
  parts_->samples.Increment(static_cast<double>(samples));
}
void ModelMetrics::RequestFailed() { parts_->failed.Increment(); }
void ModelMetrics::RequestsDropped(int64_t requests) {
  parts_->dropped.Increment(static_cast<double>(requests));
}

void ModelMetrics::Received(int64_t bytes) {
  parts_->received.Increment(static_cast<double>(bytes));
}
void ModelMetrics::Sent(int64_t bytes) { parts_->sent.Increment(static_cast<double>(bytes)); }

void ModelMetrics::AddTo(ServedCounts& counts) const {
  counts.samples_served += Whole(parts_->samples);
  counts.requests_ok += Whole(parts_->ok);
  counts.requests_failed += Whole(parts_->failed);
  counts.requests_dropped += Whole(parts_->dropped);
  counts.bytes_in += Whole(parts_->received);
  counts.bytes_out += Whole(parts_->sent);
  MutexLock lock(parts_->mutex);
  for (const auto& [token, streams] : parts_->streams_by_token) counts.streams += Whole(*streams);
}

void ModelMetrics::OnQueue(int64_t requests, int64_t samples) {
  parts_->queue_requests.Set(static_cast<double>(requests));
  parts_->queue_samples.Set(static_cast<double>(samples));
}
void ModelMetrics::OnQueueTime(absl::Duration waited) {
  parts_->queue_seconds.Observe(absl::ToDoubleSeconds(waited));
}
void ModelMetrics::OnBatch(int64_t samples, absl::Duration compute, absl::Duration encode) {
  parts_->batch_samples.Observe(static_cast<double>(samples));
  parts_->compute_seconds.Observe(absl::ToDoubleSeconds(compute));
  parts_->encode_seconds.Observe(absl::ToDoubleSeconds(encode));
}

}  // namespace distill
