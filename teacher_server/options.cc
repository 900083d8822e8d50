#include "teacher_server/options.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/check.h"
#include "common/base/command_line.h"
#include "common/base/status_macros.h"
#include "common/base/units.h"
#include "common/rpc/address.h"

namespace distill {
namespace {

constexpr absl::Duration kMaxDrainTimeout = absl::Hours(24);

absl::StatusOr<int64_t> ParseInteger(absl::string_view text) {
  int64_t value = 0;
  if (absl::SimpleAtoi(text, &value)) return value;
  return InvalidValue("the number", absl::StrCat("'", text, "'"), "a whole number");
}

absl::StatusOr<int> ParseInt(absl::string_view text) {
  ASSIGN_OR_RETURN(const int64_t value, ParseInteger(text));
  if (value >= std::numeric_limits<int>::min() && value <= std::numeric_limits<int>::max()) {
    return static_cast<int>(value);
  }
  return InvalidValue("the number", absl::StrCat("'", text, "'"), "below 2^31");
}

// "NAME=DIR" or "DIR"; what has a slash before its first '=' is a path. All else is `common`.
absl::StatusOr<RunnerOptions> ParseModel(const std::string& text, const RunnerOptions& common) {
  size_t equals = text.find('=');
  if (text.find('/') < equals) equals = std::string::npos;
  RunnerOptions model = common;
  if (equals != std::string::npos) model.model_name = text.substr(0, equals);
  model.model_directory = equals == std::string::npos ? text : text.substr(equals + 1);
  if (equals == 0 || model.model_directory.empty()) {
    return InvalidField("model", absl::StrCat("'", text, "'"), "DIR or NAME=DIR");
  }
  return model;
}

absl::StatusOr<std::vector<RunnerOptions>> ParseModels(const std::vector<std::string>& texts,
                                                       const RunnerOptions& common) {
  std::vector<RunnerOptions> models;
  absl::flat_hash_map<std::string, std::string> text_of_name;
  for (const std::string& text : texts) {
    ASSIGN_OR_RETURN(models.emplace_back(), ParseModel(text, common));
    if (NameOf(models.back()).empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("`model` '", text, "': it has no name; give it one with NAME=DIR"));
    }
    const auto [known, added] = text_of_name.try_emplace(NameOf(models.back()), text);
    if (!added) {
      return absl::InvalidArgumentError(absl::StrCat(
          "`model` '", text, "': it has the name of '", known->second,
          "', and clients ask for a model by its name; give it another one with NAME=DIR"));
    }
  }
  return models;
}

absl::StatusOr<ReadAhead> ParseReadAhead(const std::string& text) {
  if (text == "auto") return ReadAhead::kAuto;
  if (text == "on") return ReadAhead::kOn;
  if (text == "off") return ReadAhead::kOff;
  return InvalidValue("the value", absl::StrCat("'", text, "'"), "auto, on or off");
}

absl::StatusOr<int> ParseFileMode(const std::string& text) {
  int mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (error == std::errc() && end == text.data() + text.size() && mode >= 0 && mode <= 0777) {
    return mode;
  }
  return InvalidValue("the file mode", absl::StrCat("'", text, "'"),
                      "octal, 0 to 777, such as 660");
}

// Access control, metrics and health checks.
void AddSecurity(CLI::App& app, Options& options) {
  ServerOptions& server = options.server;
  const auto add_file = [&app](const std::string& name, std::filesystem::path& target,
                               const std::string& help) {
    app.add_option_function<std::string>(
           name, [&target](const std::string& text) { target = text; }, help)
        ->type_name("FILE");
  };
  add_file("--tls_cert", server.tls.certificate,
           "PEM certificate (and chain) that TCP addresses show; followed when it is replaced");
  add_file("--tls_key", server.tls.key, "Its PEM key");
  add_file("--tls_client_ca", server.tls.client_ca,
           "Clients on TCP must show a certificate signed by one of these (mTLS)");
  add_file(
      "--token_file", server.token_file,
      "Lines of NAME TOKEN [MAX_STREAMS]: clients on TCP must show one of the tokens; followed "
      "when it is replaced");
  AddParsed(app, "--streams_per_token", server.streams_per_token, ParseInt, "0",
            "Streams that one token may have open, where the file does not say; 0: --max_streams")
      ->type_name("N");
  app.add_flag("--allow_insecure", server.allow_insecure,
               "Listen beyond the loopback interface without TLS");
  AddParsed(app, "--socket_mode", server.socket_mode, ParseFileMode, "600",
            "File mode of unix: sockets, which need neither TLS nor a token")
      ->type_name("MODE");
  add_file("--allowed_models", options.allowed_models,
           "Lines as sha256sum prints them: weights whose sum is not among them are not loaded");
  app.add_option("--metrics_listen", options.metrics_listen,
                 "host:port that serves Prometheus metrics under /metrics")
      ->type_name("ADDRESS");
  app.add_option("--check_health", options.check_health.address,
                 "Instead of serving: exit with 0 if the server at this address serves, else 1")
      ->type_name("ADDRESS");
  app.add_flag("--tls", options.check_health.security.tls,
               "With --check_health of a TLS address: trust the system's root certificates");
  add_file(
      "--tls_ca", options.check_health.security.ca,
      "With --check_health of a TLS address: PEM file of the authority that signed the server's "
      "certificate; --tls_cert and --tls_key are then the client's");
  app.add_option("--tls_server_name", options.check_health.security.server_name,
                 "With --check_health: the name that the server's certificate has, where that is "
                 "not the host of the address");
}

}  // namespace

absl::Status Options::Validate() const {
  if (!check_health.address.empty()) {
    if (!models.empty() || !server.listen.empty()) {
      return absl::InvalidArgumentError(
          "`check_health`: it asks a server that runs; leave `model` and `listen` out");
    }
    ASSIGN_OR_RETURN(const Address address, ParseAddress(check_health.address),
                     Field("check_health"));
    RETURN_IF_ERROR(CheckZone(address), Field("check_health"));
    return check_health.security.Validate(address);
  }
  if (!check_health.security.server_name.empty()) {
    return absl::InvalidArgumentError(
        "`tls_server_name`: it is given without `check_health`; give both");
  }
  if (check_health.security.tls) {
    return absl::InvalidArgumentError(
        "`tls`: it is given without `check_health`; a server has TLS with `tls_cert` and "
        "`tls_key`");
  }
  if (!check_health.security.ca.empty()) {
    return absl::InvalidArgumentError(
        "`tls_ca`: it is given without `check_health`; what clients must show is `tls_client_ca`");
  }
  if (server.streams_per_token > 0 && server.token_file.empty()) {
    return absl::InvalidArgumentError(
        "`streams_per_token`: it is given without `token_file`; give both");
  }
  if (models.empty()) return CheckGiven("model", "", "[NAME=]DIR");
  for (const RunnerOptions& model : models) RETURN_IF_ERROR(model.Validate());
  RETURN_IF_ERROR(batcher.Validate());
  RETURN_IF_ERROR(server.Validate());
  if (!metrics_listen.empty()) {
    const absl::StatusOr<Address> address = ParseAddress(metrics_listen);
    if (!address.ok() || address->kind != Address::Kind::kTcp) {
      return InvalidField("metrics_listen", WithoutUserInfo(metrics_listen), "host:port");
    }
  }
  return CheckInRange("drain_timeout", drain_timeout, absl::ZeroDuration(), kMaxDrainTimeout);
}

std::variant<CommandLine, int> ParseCommandLine(int argc, const char* const* argv) {
  Options options;
  std::vector<std::string> models;
  RunnerOptions runner;
  StreamLimits& limits = options.server.limits;

  CLI::App app("Serves a teacher model's soft targets to student_trainer over gRPC.",
               "teacher_server");
  app.set_version_flag("--version", "teacher_server " DISTILL_VERSION);
  AddVerbose(app);
  app.add_option(
         "--model", models,
         "Model directory to serve, and the name that clients ask for it by (else the folder's "
         "own): what is before the first '=', unless it has a slash, as in ./lr=0.1; may be "
         "repeated, the first is what clients get that name none")
      ->type_name("[NAME=]DIR")
      ->allow_extra_args(false);
  app.add_option("--listen", options.server.listen,
                 "host:port, [ipv6]:port (port 0: any free one) or unix:/path; may be repeated")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  AddParsed(app, "--max_batch_samples", options.batcher.rule.max_batch_samples, ParseInteger, "256",
            "Samples computed together at most; also the fixed size of batch-independent requests")
      ->type_name("N");
  AddParsed(app, "--batch_delay", options.batcher.rule.batch_delay, ParseDuration, "2ms",
            "How long a request may wait for others to share its batch")
      ->type_name("DURATION");
  app.add_option("--device", runner.device,
                 "auto (the first CUDA device, else the CPU), cpu, cuda or cuda:N")
      ->default_str(runner.device);
  app.add_option("--dtype", runner.dtype, "What models compute in: f32, bf16 or f16")
      ->default_str(runner.dtype);
  app.add_flag("--allow_unstable_teacher", runner.allow_unstable_teacher,
               "Serve a model that gives a sample other logits each time or among other samples");
  app.add_flag("--compare_dtypes", runner.compare_dtypes,
               "Log at start how fast each dtype would be here; takes the memory of another model");
  AddParsed(
      app, "--instances", runner.instances, ParseInt, "0",
      "Batches of one model computed at once, on threads or CUDA streams of their own; 0: 1 on the "
      "CPU, 2 on CUDA")
      ->type_name("N");
  AddParsed(app, "--threads", runner.threads, ParseInt, "0",
            "Threads of each instance's computation; 0: one per core")
      ->type_name("N");
  AddParsed(app, "--credits", limits.credits, ParseInteger, "4096",
            "Samples that one stream may have in flight; at least --max_request_samples")
      ->type_name("N");
  AddParsed(app, "--max_request_samples", limits.max_request_samples, ParseInteger, "1024",
            "Samples of one request")
      ->type_name("N");
  AddParsed(app, "--max_length", limits.max_length, ParseInteger, "8192",
            "Length of inputs of variable length")
      ->type_name("N");
  AddParsed(app, "--max_message_size", limits.max_message_bytes, ParseByteSize, "4MiB",
            "Size of one message, in either direction")
      ->type_name("SIZE");
  AddParsed(app, "--max_bytes", options.server.max_bytes, ParseByteSize, "2560MiB",
            "What all streams may hold: inputs and answers in flight, and what has arrived and is "
            "not read yet; at least 2 * max_message_size * max_streams, and with that little each "
            "stream sends one request at a time")
      ->type_name("SIZE");
  AddParsed(app, "--read_ahead", options.server.read_ahead, ParseReadAhead, "auto",
            "Lets requests arrive before they are read, which streams over long lines need, in "
            "three fifths of --max_bytes: on, off, or auto: if it listens beyond the loopback "
            "interface and --max_bytes is 5 * max_message_size * max_streams or more")
      ->type_name("auto|on|off");
  AddParsed(app, "--max_samples", options.server.max_samples, ParseInteger, "65536",
            "Samples of all streams in flight")
      ->type_name("N");
  AddParsed(app, "--max_streams", options.server.max_streams, ParseInt, "64",
            "Streams open at once")
      ->type_name("N");
  AddParsed(app, "--drain_timeout", options.drain_timeout, ParseDuration, "30s",
            "How long SIGTERM and SIGINT wait for open streams to finish")
      ->type_name("DURATION");
  AddSecurity(app, options);

  if (const std::optional<int> exit_code = ParseOrExit(app, argc, argv)) return *exit_code;
  runner.max_batch_samples = options.batcher.rule.max_batch_samples;
  runner.max_length = options.server.limits.max_length;
  absl::StatusOr<std::vector<RunnerOptions>> parsed = ParseModels(models, runner);
  if (parsed.ok()) options.models = *std::move(parsed);
  options.check_health.security.certificate = options.server.tls.certificate;
  options.check_health.security.key = options.server.tls.key;
  const absl::Status status = parsed.ok() ? options.Validate() : parsed.status();
  if (!status.ok()) return RefuseCommandLine(app, status.message());
  return CommandLine{std::move(options), FlagNamesOf(app)};
}

}  // namespace distill
