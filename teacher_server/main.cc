// teacher_server: serves a teacher's soft targets. README.md says how it is used.
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mutex.h"
#include "common/base/process.h"
#include "common/base/signals.h"
#include "common/base/units.h"
#include "teacher_server/batching/batcher.h"
#include "teacher_server/model/runner.h"
#include "teacher_server/options.h"
#include "teacher_server/serving/server.h"

namespace distill {
namespace {

constexpr int kInterruptedTwice = 130;

// The first signal asks for a drain; the second ends the process at once.
class DrainRequest {
 public:
  void OnSignal(int count) {
    if (count > 1) ::_exit(kInterruptedTwice);
    MutexLock lock(mutex_);
    requested_ = true;
    changed_.NotifyAll();
  }

  void Wait() {
    MutexLock lock(mutex_);
    while (!requested_) changed_.Wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool requested_ ABSL_GUARDED_BY(mutex_) = false;
};

int Fail(const absl::Status& status) {
  log::Error(status.message());
  return EXIT_FAILURE;
}

// Scripts read the line of name=value pairs: it only grows at its end.
void PrintCounts(const ServedCounts& counts) {
  std::cout << "answered " << counts.samples_served << " samples OK in " << counts.requests_ok
            << " requests (" << counts.requests_failed << " failed); received "
            << FormatBytes(counts.bytes_in) << ", sent " << FormatBytes(counts.bytes_out) << "\n"
            << "samples_served=" << counts.samples_served << " requests_ok=" << counts.requests_ok
            << " requests_failed=" << counts.requests_failed << " streams=" << counts.streams
            << " requests_dropped=" << counts.requests_dropped << std::endl;
}

int Serve(const Options& options) {
  DrainRequest drain;
  const SignalWatcher signals([&drain](int, int count) { drain.OnSignal(count); });

  const absl::StatusOr<std::unique_ptr<Runner>> runner = LoadRunner(options.runner);
  if (!runner.ok()) return Fail(runner.status());
  Batcher batcher(options.batcher, **runner, Clock::Real());
  const absl::StatusOr<std::unique_ptr<TeacherServer>> server =
      TeacherServer::Start(options.server, (*runner)->info(), (*runner)->numerics(), batcher);
  if (!server.ok()) return Fail(server.status());
  for (const std::string& address : (*server)->addresses()) {
    std::cout << "listening on " << address << std::endl;
  }

  drain.Wait();
  log::Info("draining");
  const absl::Status drained = (*server)->Drain(options.drain_timeout);
  PrintCounts((*server)->counts());
  return drained.ok() ? EXIT_SUCCESS : Fail(drained);
}

}  // namespace
}  // namespace distill

int main(int argc, char** argv) {
  distill::RestartWithPassiveOpenMp(argv);
  const auto parsed = distill::ParseCommandLine(argc, argv);
  if (const int* exit_code = std::get_if<int>(&parsed)) return *exit_code;
  return distill::Serve(std::get<distill::Options>(parsed));
}
