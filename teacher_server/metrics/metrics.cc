#include "teacher_server/metrics/metrics.h"

#include <civetweb.h>
#include <prometheus/exposer.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <cstdlib>
#include <exception>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/mutex.h"
#include "common/base/status_macros.h"
#include "common/rpc/address.h"
#include "teacher_server/admission/listen.h"
#include "teacher_server/metrics/budget_metrics.h"
#include "teacher_server/metrics/metric_families.h"
#include "teacher_server/metrics/process_metrics.h"

namespace distill {
namespace {

// An address that civetweb can listen on.
absl::StatusOr<Address> ParseMetricsAddress(const std::string& text) {
  ASSIGN_OR_RETURN(Address address, ParseAddress(text), Field("metrics_listen"));
  if (address.kind == Address::Kind::kUnix) {
    return absl::InvalidArgumentError(
        absl::StrCat(Field("metrics_listen"), " ", text,
                     ": metrics have no Unix socket; use host:port or [IPv6]:port"));
  }
  if (absl::StrContains(address.host, ':') && mg_check_feature(MG_FEATURES_IPV6) == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(Field("metrics_listen"), " ", text,
                     ": this system's civetweb has no IPv6; use an IPv4 address or a host name"));
  }
  return address;
}

}  // namespace

// In order of lifetime: the exposer's threads read what is above it.
struct Metrics::Parts {
  Parts()
      : families(*registry),
        rejected(families, /*model=*/""),
        draining(AddGauge(*registry, "distill_draining", "1 once the server drains").Add({})) {
    AddGauge(*registry, "distill_build_info", "1; the labels tell what was built")
        .Add({{"version", DISTILL_VERSION}})
        .Set(1);
  }

  const std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
  const std::shared_ptr<ProcessMetrics> process = std::make_shared<ProcessMetrics>();
  const std::shared_ptr<BudgetMetrics> in_flight = std::make_shared<BudgetMetrics>();
  MetricFamilies families;
  RejectedCounters rejected;
  prometheus::Gauge& draining;
  absl::flat_hash_map<std::string, std::unique_ptr<ModelMetrics>> models;
  Mutex mutex;
  std::unique_ptr<prometheus::Exposer> exposer ABSL_GUARDED_BY(mutex);
};

Metrics::Metrics(absl::Span<const std::string> models) : parts_(std::make_unique<Parts>()) {
  for (const std::string& model : models) {
    parts_->models[model].reset(new ModelMetrics(parts_->families, model));
  }
}

Metrics::~Metrics() = default;

absl::StatusOr<std::string> Metrics::Expose(const std::string& text) {
  ASSIGN_OR_RETURN(Address address, ParseMetricsAddress(text));
  MutexLock lock(parts_->mutex);
  if (parts_->exposer != nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(
        Field("metrics_listen"), " ", text, ": metrics are served at another address already"));
  }
  try {
    // Without a document root nothing but /metrics is served. A client that is slow to ask or to
    // read holds one of two threads no longer than the timeout.
    parts_->exposer = std::make_unique<prometheus::Exposer>(std::vector<std::string>{
        "listening_ports", address.ToString(), "num_threads", "2", "request_timeout_ms", "5000"});
  } catch (const std::exception&) {
    // Civetweb says no more than that something failed.
    return Annotate(WhyNotListening(address), Field("metrics_listen"));
  }
  parts_->exposer->RegisterCollectable(parts_->registry);
  parts_->exposer->RegisterCollectable(parts_->process);
  parts_->exposer->RegisterCollectable(parts_->in_flight);
  if (const std::vector<int> ports = parts_->exposer->GetListeningPorts(); !ports.empty()) {
    address.port = ports.front();
  }
  return address.ToString();
}

ModelMetrics& Metrics::of(absl::string_view model) {
  const auto found = parts_->models.find(model);
  if (found == parts_->models.end()) {
    log::Error(absl::StrCat("no metrics of a model named '", model, "'"));
    std::abort();
  }
  return *found->second;
}

void Metrics::Rejected(RejectReason reason) { parts_->rejected.Add(reason); }

void Metrics::SetDraining() { parts_->draining.Set(1); }
void Metrics::Watch(std::shared_ptr<const Budget> budget) {
  parts_->in_flight->Watch(std::move(budget));
}

ServedCounts Metrics::counts() const {
  ServedCounts counts;
  for (const auto& [name, model] : parts_->models) model->AddTo(counts);
  return counts;
}

std::string Metrics::Text() const {
  std::vector<prometheus::MetricFamily> families = parts_->registry->Collect();
  for (const prometheus::Collectable* source :
       {static_cast<const prometheus::Collectable*>(parts_->process.get()),
        static_cast<const prometheus::Collectable*>(parts_->in_flight.get())}) {
    for (prometheus::MetricFamily& family : source->Collect()) {
      families.push_back(std::move(family));
    }
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace distill
