#include "common/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"

namespace distill::log {
namespace {

spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>("distill",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%H:%M:%S %L %v");
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return *logger;
}

FlagNames& Flags() {
  static auto* const flags = new FlagNames();
  return *flags;
}

void Write(spdlog::level::level_enum level, absl::string_view message) {
  Logger().log(level, spdlog::string_view_t(WithFlags(message, Flags())));
}

// Whether a value needs neither quotes nor escapes in a line.
bool IsPlain(absl::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](unsigned char c) {
    return absl::ascii_isgraph(c) && !absl::StrContains("=\"'\\", static_cast<char>(c));
  });
}

}  // namespace

void Info(absl::string_view message) { Write(spdlog::level::info, message); }
void Warning(absl::string_view message) { Write(spdlog::level::warn, message); }
void Error(absl::string_view message) { Write(spdlog::level::err, message); }
void Detail(absl::string_view message) { Write(spdlog::level::debug, message); }
void UseFlagNames(FlagNames flags) { Flags() = std::move(flags); }
void ShowDetails() { Logger().set_level(spdlog::level::debug); }

std::string Line(absl::string_view message, std::initializer_list<Field> fields) {
  std::string line(message);
  for (const Field& field : fields) {
    if (IsPlain(field.value)) {
      absl::StrAppend(&line, " ", field.key, "=", field.value);
    } else {
      absl::StrAppend(&line, " ", field.key, "=\"", absl::CHexEscape(field.value), "\"");
    }
  }
  return line;
}

}  // namespace distill::log
