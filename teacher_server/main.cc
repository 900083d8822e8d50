// teacher_server: serves a teacher's soft targets. docs/server.md tells how it is used.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/clock.h"
#include "common/base/flag_names.h"
#include "common/base/log.h"
#include "common/base/mutex.h"
#include "common/base/process.h"
#include "common/base/signals.h"
#include "common/base/status_macros.h"
#include "common/base/units.h"
#include "common/model_directory/allowed_models.h"
#include "teacher_server/batching/batcher.h"
#include "teacher_server/metrics/metrics.h"
#include "teacher_server/options.h"
#include "teacher_server/runner/runner.h"
#include "teacher_server/server/check_health.h"
#include "teacher_server/server/server.h"

namespace distill {
namespace {

constexpr int kInterruptedTwice = 130;
constexpr absl::Duration kHealthTimeout = absl::Seconds(5);

// The first signal asks for a drain, and ends the process while there is nothing to drain yet; the
// second ends it at once.
class DrainRequest {
 public:
  void OnSignal(int count) {
    if (count > 1) ::_exit(kInterruptedTwice);
    MutexLock lock(mutex_);
    if (!drains_) {
      if (leave_ == nullptr) ::_exit(EXIT_SUCCESS);
      leaving_ = true;
      // Not here: a second signal must be heard meanwhile.
      std::thread([leave = leave_] {
        leave();
        ::_exit(EXIT_SUCCESS);
      }).detach();
      return;
    }
    requested_ = true;
    changed_.NotifyAll();
  }

  // Until BeginDraining, a signal calls this before it ends the process, from another thread.
  void CallToLeave(std::function<void()> leave) {
    MutexLock lock(mutex_);
    leave_ = std::move(leave);
  }

  // From now on a signal is for Wait(). Does not return if one came before.
  void BeginDraining() {
    MutexLock lock(mutex_);
    while (leaving_) changed_.Wait(mutex_);
    drains_ = true;
  }

  void Wait() {
    MutexLock lock(mutex_);
    while (!requested_) changed_.Wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::function<void()> leave_ ABSL_GUARDED_BY(mutex_);
  bool leaving_ ABSL_GUARDED_BY(mutex_) = false;
  bool drains_ ABSL_GUARDED_BY(mutex_) = false;
  bool requested_ ABSL_GUARDED_BY(mutex_) = false;
};

// One model, and what computes it.
struct Teacher {
  std::vector<std::unique_ptr<Runner>> runners;
  std::unique_ptr<Batcher> batcher;
};

// Adds to the error of a folder that does not exist how its option was read: the path of a folder
// may have a "=".
absl::Status WithNameRule(const absl::Status& error, const RunnerOptions& model) {
  std::error_code ignored;
  if (model.model_name.empty() || std::filesystem::exists(model.model_directory, ignored)) {
    return error;
  }
  const std::string text = absl::StrCat(model.model_name, "=", model.model_directory.string());
  return absl::Status(error.code(), absl::StrCat(error.message(), "; `model` ", text,
                                                 " was read as NAME=DIR: for a folder of that "
                                                 "path, write ./",
                                                 text));
}

absl::StatusOr<Teacher> LoadTeacher(const RunnerOptions& model, const Options& options,
                                    Metrics& metrics) {
  if (!options.allowed_models.empty()) {
    RETURN_IF_ERROR(CheckModelAllowed(options.allowed_models, model.model_directory));
  }
  Teacher teacher;
  ASSIGN_OR_RETURN(teacher.runners, LoadRunners(model));
  std::vector<Runner*> runners;
  for (const auto& runner : teacher.runners) runners.push_back(runner.get());
  teacher.batcher = std::make_unique<Batcher>(options.batcher, runners, Clock::Real(),
                                              &metrics.of(NameOf(model)));
  return teacher;
}

absl::StatusOr<std::vector<ServedModel>> LoadTeachers(const Options& options, Metrics& metrics,
                                                      std::vector<Teacher>& teachers) {
  std::vector<ServedModel> models;
  for (const RunnerOptions& model : options.models) {
    absl::StatusOr<Teacher> teacher = LoadTeacher(model, options, metrics);
    if (!teacher.ok()) return WithNameRule(teacher.status(), model);
    const Runner& runner = *teacher->runners.front();
    models.push_back({runner.info(), runner.numerics(), teacher->batcher.get()});
    teachers.push_back(*std::move(teacher));
  }
  return models;
}

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

int PrintHealth(const HealthCheck& check) {
  const absl::Status health = CheckHealth(check.address, check.security, kHealthTimeout);
  if (!health.ok()) return Fail(health);
  std::cout << check.address << " is SERVING" << std::endl;
  return EXIT_SUCCESS;
}

int Serve(const Options& options) {
  DrainRequest drain;
  const SignalWatcher signals([&drain](int, int count) { drain.OnSignal(count); });

  if (const absl::Status files = options.server.CheckFiles(); !files.ok()) {
    return Fail(files);
  }
  std::vector<std::string> names;
  for (const RunnerOptions& model : options.models) names.push_back(NameOf(model));
  Metrics metrics(names);
  if (!options.metrics_listen.empty()) {
    const absl::StatusOr<std::string> address = metrics.Expose(options.metrics_listen);
    if (!address.ok()) return Fail(address.status());
    std::cout << "metrics on http://" << *address << "/metrics" << std::endl;
  }
  // Before the models, which may take minutes: clients that start meanwhile wait.
  std::vector<Teacher> teachers;
  absl::StatusOr<std::unique_ptr<TeacherServer>> server =
      TeacherServer::Start(options.server, names, metrics);
  if (!server.ok()) return Fail(server.status());
  log::Info(absl::StrCat("starting; clients at ", absl::StrJoin((*server)->addresses(), ", "),
                         " wait until the models are loaded"));
  drain.CallToLeave([&server] { server->reset(); });  // removes its sockets
  const absl::StatusOr<std::vector<ServedModel>> models = LoadTeachers(options, metrics, teachers);
  drain.BeginDraining();
  if (!models.ok()) return Fail(models.status());
  (*server)->Serve(*models);
  for (const std::string& address : (*server)->addresses()) {
    std::cout << "listening on " << address << std::endl;
  }

  drain.Wait();
  log::Info("draining");
  const absl::Status drained = (*server)->Drain(options.drain_timeout);
  PrintCounts(metrics.counts());
  return drained.ok() ? EXIT_SUCCESS : Fail(drained);
}

}  // namespace
}  // namespace distill

int main(int argc, char** argv) {
  distill::RestartWithPassiveOpenMp(argv);
  distill::RaiseOpenFileLimit();
  const auto parsed = distill::ParseCommandLine(argc, argv);
  if (const int* exit_code = std::get_if<int>(&parsed)) return *exit_code;
  const auto& [options, flags] = std::get<distill::CommandLine>(parsed);
  distill::log::UseFlagNames(flags);
  const distill::HealthCheck& check = options.check_health;
  if (!check.address.empty()) return distill::PrintHealth(check);
  return distill::Serve(options);
}
