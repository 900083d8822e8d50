#include "tests/bench/load_report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace distill {
namespace {

std::string Row(absl::string_view name, const DurationSummary& ms) {
  return absl::StrFormat("%-16s %9.2f %9.2f %9.2f %9.2f\n", name, ms.p50, ms.p95, ms.p99, ms.max);
}

nlohmann::ordered_json ToJson(const DurationSummary& ms) {
  return {{"count", ms.count}, {"p50", ms.p50}, {"p95", ms.p95}, {"p99", ms.p99}, {"max", ms.max}};
}

}  // namespace

std::string ToTable(const LoadOptions& options, const LoadResult& result) {
  const Measurement& m = result.measured;
  const bool closed = options.mode == LoadMode::kClosed;
  std::string text = absl::StrFormat(
      "%s at %s: %d streams, %d samples per request, %s\n", result.granted.model.name,
      options.client.address, options.streams, options.request_samples,
      closed ? absl::StrCat("closed loop of ", result.in_flight, " requests per stream")
             : absl::StrCat("open loop of ", options.rate, " requests/s"));
  absl::StrAppendFormat(&text, "%d requests in %.2f s: %.1f requests/s, %.1f samples/s\n",
                        m.requests, m.seconds, m.requests_per_s, m.samples_per_s);
  absl::StrAppendFormat(&text, "sent %.2f MB/s, received %.2f MB/s\n", m.sent_mb_per_s,
                        m.received_mb_per_s);
  absl::StrAppendFormat(&text, "%-16s %9s %9s %9s %9s\n", "ms", "p50", "p95", "p99", "max");
  absl::StrAppend(&text, Row("latency", m.latency_ms), Row("server: queue", m.queue_ms),
                  Row("server: compute", m.compute_ms));
  for (const auto& [code, count] : m.errors) {
    absl::StrAppend(&text, "errors: ", count, " ", code, "\n");
  }
  if (m.unanswered > 0) absl::StrAppend(&text, "unanswered when it ended: ", m.unanswered, "\n");
  return text;
}

nlohmann::ordered_json ToJson(const LoadOptions& options, const LoadResult& result) {
  const Measurement& m = result.measured;
  const Numerics& numerics = result.granted.numerics;
  nlohmann::ordered_json json;
  json["target"] = options.client.address;
  json["model"] = result.granted.model.name;
  json["encoding"] = std::string(Name(result.granted.outputs[0].spec.encoding));
  json["numerics"] = {{"runner", numerics.runner},
                      {"dtype", numerics.dtype},
                      {"device", numerics.device},
                      {"intra_op_threads", numerics.intra_op_threads},
                      {"fixed_batch_size", numerics.fixed_batch_size}};
  json["mode"] = options.mode == LoadMode::kClosed ? "closed" : "open";
  json["streams"] = options.streams;
  json["request_samples"] = options.request_samples;
  json["in_flight"] = result.in_flight;
  json["rate"] = options.rate;
  json["warmup_s"] = absl::ToDoubleSeconds(options.warmup);
  json["seconds"] = m.seconds;
  json["requests"] = m.requests;
  json["samples"] = m.samples;
  json["requests_per_s"] = m.requests_per_s;
  json["samples_per_s"] = m.samples_per_s;
  json["sent_mb_per_s"] = m.sent_mb_per_s;
  json["received_mb_per_s"] = m.received_mb_per_s;
  json["latency_ms"] = ToJson(m.latency_ms);
  json["server_queue_ms"] = ToJson(m.queue_ms);
  json["server_compute_ms"] = ToJson(m.compute_ms);
  json["errors"] = m.errors;
  json["unanswered"] = m.unanswered;
  return json;
}

}  // namespace distill
