// SignalWatcher: turns SIGINT and SIGTERM into calls on an ordinary thread.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace distill {

// Blocks SIGINT and SIGTERM for the whole process and waits for them on a thread of its own, which
// calls `on_signal(signal, count)` with count = 1, 2, … Make it in main before any other thread, so
// that all of them inherit the mask. The callback must not block; it may outlive nothing it uses.
class SignalWatcher {
 public:
  explicit SignalWatcher(std::function<void(int signal, int count)> on_signal);
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  void Run();

  const std::function<void(int, int)> on_signal_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace distill
