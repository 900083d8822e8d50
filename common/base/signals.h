// SignalWatcher: turns SIGINT and SIGTERM into calls on an ordinary thread.
#pragma once

#include <functional>
#include <thread>

namespace distill {

// Catches SIGINT and SIGTERM on whatever thread they arrive (libraries begin threads before main,
// so that blocking them and waiting would not do), and calls `on_signal(signal, count)` with count
// = 1, 2, … on a thread of its own. One at a time in a process. The callback must not block; it may
// outlive nothing it uses. Once a watcher has ended the signals are ignored.
class SignalWatcher {
 public:
  explicit SignalWatcher(std::function<void(int signal, int count)> on_signal);
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  void Run();

  const std::function<void(int, int)> on_signal_;
  int read_end_ = -1;
  std::thread thread_;
};

}  // namespace distill
