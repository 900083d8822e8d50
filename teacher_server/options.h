// Options: teacher_server's command line.
#pragma once

#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/flag_names.h"
#include "teacher_server/batching/batcher.h"
#include "teacher_server/runner/runner.h"
#include "teacher_server/server/server.h"

namespace distill {

// `teacher_server --check_health=ADDRESS`: asks a running server instead of being one.
struct HealthCheck {
  std::string address;  // empty: no
  ClientSecurity security;
};

struct Options {
  HealthCheck check_health;
  std::vector<RunnerOptions> models;  // at least one; they differ in directory and name only
  BatcherOptions batcher;             // of each model
  ServerOptions server;
  std::string metrics_listen;            // empty: none
  std::filesystem::path allowed_models;  // sha256 sums of the weights that may be served
  absl::Duration drain_timeout = absl::Seconds(30);

  // INVALID_ARGUMENT names the option, its value and what is allowed.
  absl::Status Validate() const;
};

struct CommandLine {
  Options options;
  FlagNames flags;  // for messages that name options
};

// The options; or the code to exit with, once help, the version (0) or what is wrong (2) was
// printed.
std::variant<CommandLine, int> ParseCommandLine(int argc, const char* const* argv);

}  // namespace distill
