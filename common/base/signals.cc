#include "common/base/signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"

namespace distill {
namespace {

constexpr uint8_t kStop = 0;  // no signal has this number

// Where the handler writes the signal's number; -1: there is no watcher.
std::atomic<int> write_end{-1};

// write() is async-signal-safe, as everything that a handler calls must be.
void OnSignal(int signal) {
  const int error = errno;
  const auto byte = static_cast<uint8_t>(signal);
  if (::write(write_end.load(), &byte, 1) != 1) {
    // The pipe is full of signals, or there is no watcher.
  }
  errno = error;
}

void Catch(int signal) {
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, nullptr);
}

}  // namespace

SignalWatcher::SignalWatcher(std::function<void(int, int)> on_signal)
    : on_signal_(std::move(on_signal)) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    log::Warning(absl::StrCat("SIGINT and SIGTERM are not caught: ", std::strerror(errno)));
    return;
  }
  read_end_ = ends[0];
  ::fcntl(ends[1], F_SETFL, O_NONBLOCK);  // a handler never waits
  write_end = ends[1];
  thread_ = std::thread([this] { Run(); });
  Catch(SIGINT);
  Catch(SIGTERM);
}

SignalWatcher::~SignalWatcher() {
  if (!thread_.joinable()) return;
  // Not closed: a handler may be about to write to it.
  const int pipe = write_end.exchange(-1);
  while (::write(pipe, &kStop, 1) != 1) std::this_thread::yield();  // full of signals
  thread_.join();
}

void SignalWatcher::Run() {
  int count = 0;
  uint8_t byte = kStop;
  while (::read(read_end_, &byte, 1) == 1 && byte != kStop) on_signal_(byte, ++count);
}

}  // namespace distill
