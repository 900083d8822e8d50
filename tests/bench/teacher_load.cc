// teacher_load puts a teacher server under load and reports its answers and its speed.
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <stop_token>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/clock.h"
#include "common/base/command_line.h"
#include "common/base/files.h"
#include "common/base/log.h"
#include "common/base/signals.h"
#include "common/base/units.h"
#include "common/contract/target_spec.h"
#include "tests/bench/load_report.h"
#include "tests/bench/load_run.h"

namespace distill {
namespace {

constexpr int kInterruptedTwice = 130;

absl::StatusOr<LoadMode> ParseMode(absl::string_view text) {
  if (text == "closed") return LoadMode::kClosed;
  if (text == "open") return LoadMode::kOpen;
  return absl::InvalidArgumentError(absl::StrCat("'", text, "': allowed are closed and open"));
}

void AddOptions(CLI::App& app, LoadOptions& o, std::filesystem::path& json) {
  app.add_option("--target", o.client.address, "The server: host:port or unix:/path")
      ->type_name("ADDRESS")
      ->required();
  app.add_option("--model", o.client.model, "Name of the model there; default: its only one");
  app.add_option("--streams", o.streams, "Streams, each on a connection of its own")
      ->capture_default_str();
  app.add_option("--request_samples", o.request_samples, "Samples per request")
      ->capture_default_str();
  app.add_option("--length", o.length, "Of inputs of variable length");
  AddParsed(app, "--mode", o.mode, ParseMode, "closed",
            "closed: an answer lets the next request go; open: requests go on schedule");
  app.add_option("--in_flight", o.in_flight,
                 "Closed loop: requests in flight per stream, as far as the server's credits allow")
      ->capture_default_str();
  app.add_option("--rate", o.rate, "Open loop: requests per second over all streams");
  AddParsed(app, "--duration", o.duration, ParseDuration, "5s", "What is measured, after --warmup");
  AddParsed(app, "--warmup", o.warmup, ParseDuration, "1s", "What is not measured");
  AddParsed(app, "--encoding", o.client.spec.encoding, ParseTargetEncoding, "f32",
            "How soft targets travel: f32, f16, bf16, top_k, sampled or head_sampled");
  app.add_option("--k", o.client.spec.k, "Of top_k and head_sampled");
  app.add_option("--draws", o.client.spec.draws, "Of sampled and head_sampled");
  app.add_option("--seed", o.seed, "Of the inputs");
  ClientSecurity& security = o.client.security;
  app.add_flag("--tls", security.tls, "Encrypt; implied by each --tls_ option");
  app.add_option("--tls_ca", security.ca, "PEM file of the server certificate's authority");
  app.add_option("--tls_cert", security.certificate, "PEM file of the client's own certificate");
  app.add_option("--tls_key", security.key, "PEM file of its key");
  app.add_option("--token_file", security.token_file, "File with the bearer token");
  app.add_option("--json", json, "Write the figures to this file, too")->type_name("FILE");
}

int Fail(const absl::Status& status) {
  log::Error(status.message());
  return EXIT_FAILURE;
}

int Run(const LoadOptions& options, const std::filesystem::path& json) {
  std::stop_source stop;
  const SignalWatcher signals([&stop](int, int count) {
    if (count > 1) std::_Exit(kInterruptedTwice);
    stop.request_stop();
  });
  const absl::StatusOr<LoadResult> result = RunLoad(options, stop.get_token(), Clock::Real());
  if (!result.ok()) return Fail(result.status());
  std::cout << ToTable(options, *result) << std::flush;
  if (!json.empty()) {
    const std::string text = ToJson(options, *result).dump(2) + "\n";
    if (absl::Status written = WriteFileAtomically(json, text); !written.ok()) {
      return Fail(written);
    }
  }
  if (result->measured.requests > 0) return EXIT_SUCCESS;
  return Fail(absl::UnavailableError("nothing was answered OK in the time that was measured"));
}

}  // namespace
}  // namespace distill

int main(int argc, char** argv) {
  distill::LoadOptions options;
  options.client.client_name = "teacher_load";
  std::filesystem::path json;
  CLI::App app("Puts a teacher server under load.", "teacher_load");
  distill::AddOptions(app, options, json);
  if (const auto exit_code = distill::ParseOrExit(app, argc, argv)) return *exit_code;
  if (const absl::Status valid = options.Validate(); !valid.ok()) {
    return distill::RefuseCommandLine(app, absl::StrCat("--", valid.message()));
  }
  return distill::Run(options, json);
}
