#include "common/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

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

spdlog::string_view_t View(absl::string_view message) { return {message.data(), message.size()}; }

}  // namespace

void Info(absl::string_view message) { Logger().info(View(message)); }
void Warning(absl::string_view message) { Logger().warn(View(message)); }
void Error(absl::string_view message) { Logger().error(View(message)); }

}  // namespace distill::log
