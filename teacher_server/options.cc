#include "teacher_server/options.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <iostream>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/status_macros.h"
#include "common/base/units.h"

namespace distill {
namespace {

constexpr int kCommandLineWrong = 2;
constexpr absl::Duration kMaxDrainTimeout = absl::Hours(24);

absl::StatusOr<int64_t> ParseInteger(absl::string_view text) {
  int64_t value = 0;
  if (absl::SimpleAtoi(text, &value)) return value;
  return absl::InvalidArgumentError(absl::StrCat("'", text, "' is not a whole number"));
}

absl::StatusOr<int> ParseInt(absl::string_view text) {
  ASSIGN_OR_RETURN(const int64_t value, ParseInteger(text));
  if (value >= std::numeric_limits<int>::min() && value <= std::numeric_limits<int>::max()) {
    return static_cast<int>(value);
  }
  return absl::InvalidArgumentError(absl::StrCat("'", text, "' is too large"));
}

// Adds an option whose value `parse` turns into `target`. Ranges are checked by Validate.
template <typename T, typename Parse>
CLI::Option* Add(CLI::App& app, const std::string& name, T& target, Parse parse,
                 const std::string& default_text, const std::string& help) {
  const auto set = [name, &target, parse](const std::string& text) {
    const absl::StatusOr<T> value = parse(text);
    if (!value.ok()) throw CLI::ValidationError(name, std::string(value.status().message()));
    target = *value;
  };
  return app.add_option_function<std::string>(name, set, help)->default_str(default_text);
}

// "NAME=DIR" or "DIR"; a folder with '=' in its path is written with a name.
absl::Status SetModel(const std::vector<std::string>& models, RunnerOptions& runner) {
  if (models.size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat("model is given ", models.size(), " times ('",
                                                   models[0], "', '", models[1],
                                                   "'): this server serves one model"));
  }
  const std::string& text = models.front();
  const size_t equals = text.find('=');
  if (equals == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("model '", text, "': allowed are DIR and NAME=DIR"));
  }
  if (equals != std::string::npos) runner.model_name = text.substr(0, equals);
  runner.model_directory = equals == std::string::npos ? text : text.substr(equals + 1);
  return absl::OkStatus();
}

int CommandLineWrong(absl::string_view message) {
  std::cerr << "teacher_server: " << message << "\nRun teacher_server --help for the options.\n";
  return kCommandLineWrong;
}

}  // namespace

absl::Status Options::Validate() const {
  RETURN_IF_ERROR(runner.Validate());
  RETURN_IF_ERROR(batcher.Validate());
  RETURN_IF_ERROR(server.Validate());
  if (drain_timeout > kMaxDrainTimeout) {
    return absl::InvalidArgumentError(absl::StrCat(
        "drain_timeout ", absl::FormatDuration(drain_timeout), ": allowed are 0s to 24h"));
  }
  return absl::OkStatus();
}

std::variant<Options, int> ParseCommandLine(int argc, const char* const* argv) {
  Options options;
  std::vector<std::string> models;
  StreamLimits& limits = options.server.limits;

  CLI::App app("Serves a teacher model's soft targets to student_trainer over gRPC.",
               "teacher_server");
  app.set_version_flag("--version", "teacher_server " DISTILL_VERSION);
  app.add_option("--model", models,
                 "Model directory to serve, and the name that clients may ask for")
      ->type_name("[NAME=]DIR")
      ->allow_extra_args(false)
      ->required();
  app.add_option("--listen", options.server.listen,
                 "host:port, [ipv6]:port (port 0: any free one) or unix:/path; may be repeated")
      ->type_name("ADDRESS")
      ->allow_extra_args(false)
      ->required();
  Add(app, "--max_batch_samples", options.batcher.rule.max_batch_samples, ParseInteger, "256",
      "Samples computed together at most; also the fixed size of batch-independent requests")
      ->type_name("N");
  Add(app, "--batch_delay", options.batcher.rule.batch_delay, ParseDuration, "2ms",
      "How long a request may wait for others to share its batch")
      ->type_name("DURATION");
  Add(app, "--threads", options.runner.threads, ParseInt, "0",
      "Threads of the model's computation; 0: one a core")
      ->type_name("N");
  Add(app, "--credits", limits.credits, ParseInteger, "4096",
      "Samples that one stream may have in flight; at least --max_request_samples")
      ->type_name("N");
  Add(app, "--max_request_samples", limits.max_request_samples, ParseInteger, "1024",
      "Samples of one request")
      ->type_name("N");
  Add(app, "--max_message_size", limits.max_message_bytes, ParseByteSize, "8MiB",
      "Size of one message, in either direction")
      ->type_name("SIZE");
  Add(app, "--max_queue_size", options.batcher.max_queued_bytes, ParseByteSize, "256MiB",
      "Inputs of all streams that may wait for the model")
      ->type_name("SIZE");
  Add(app, "--max_streams", options.server.max_streams, ParseInt, "64", "Streams open at once")
      ->type_name("N");
  Add(app, "--drain_timeout", options.drain_timeout, ParseDuration, "30s",
      "How long SIGTERM and SIGINT wait for open streams to finish")
      ->type_name("DURATION");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return app.exit(error);
    return CommandLineWrong(error.what());
  }
  absl::Status status = SetModel(models, options.runner);
  options.runner.max_batch_samples = options.batcher.rule.max_batch_samples;
  if (status.ok()) status = options.Validate();
  if (!status.ok()) return CommandLineWrong(absl::StrCat("--", status.message()));
  return options;
}

}  // namespace distill
