#include "common/base/signals.h"

#include <pthread.h>

#include <csignal>
#include <utility>

namespace distill {
namespace {

// SIGUSR2 ends the watcher's own wait; nobody else sends it.
sigset_t WatchedSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGUSR2);
  return set;
}

}  // namespace

SignalWatcher::SignalWatcher(std::function<void(int, int)> on_signal)
    : on_signal_(std::move(on_signal)) {
  const sigset_t set = WatchedSignals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::thread([this] { Run(); });
}

SignalWatcher::~SignalWatcher() {
  stopping_ = true;
  pthread_kill(thread_.native_handle(), SIGUSR2);
  thread_.join();
}

void SignalWatcher::Run() {
  const sigset_t set = WatchedSignals();
  int count = 0;
  while (!stopping_) {
    int signal = 0;
    if (sigwait(&set, &signal) == 0 && signal != SIGUSR2) on_signal_(signal, ++count);
  }
}

}  // namespace distill
