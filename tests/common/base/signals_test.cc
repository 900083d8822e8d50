#include "common/base/signals.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <csignal>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/mutex.h"

namespace distill {
namespace {

// A watcher changes how its process handles signals, so each test runs in its own process.
class SignalWatcherTest : public ::testing::Test {
 protected:
  SignalWatcherTest() { ::testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

using Pairs = std::vector<std::pair<int, int>>;

// What the callback was called with.
class Calls {
 public:
  void Add(int signal, int count) {
    MutexLock lock(mutex_);
    calls_.emplace_back(signal, count);
    added_.NotifyAll();
  }

  Pairs WaitFor(size_t count) {
    MutexLock lock(mutex_);
    while (calls_.size() < count) added_.Wait(mutex_);
    return calls_;
  }

 private:
  Mutex mutex_;
  CondVar added_;
  Pairs calls_ ABSL_GUARDED_BY(mutex_);
};

[[noreturn]] void ExitWith(bool as_claimed) { ::_exit(as_claimed ? 0 : 1); }

// The bodies of the child processes.
[[noreturn]] void SendThreeSignals() {
  Calls calls;
  const SignalWatcher watcher([&](int signal, int count) { calls.Add(signal, count); });
  ::kill(::getpid(), SIGTERM);
  calls.WaitFor(1);
  ::kill(::getpid(), SIGINT);
  calls.WaitFor(2);
  ::kill(::getpid(), SIGTERM);
  ExitWith(calls.WaitFor(3) == Pairs{{SIGTERM, 1}, {SIGINT, 2}, {SIGTERM, 3}});
}

[[noreturn]] void SendFromAnotherThread() {
  ::usleep(1);  // ThreadSanitizer loses a signal that meets a thread which has never waited
  Calls calls;
  const SignalWatcher watcher([&](int signal, int count) { calls.Add(signal, count); });
  std::thread([] { ::kill(::getpid(), SIGTERM); }).join();
  ExitWith(calls.WaitFor(1) == Pairs{{SIGTERM, 1}});
}

// Imitates a thread that a library started before main: the signal arrives there.
[[noreturn]] void SendToAThreadThatWasThereBefore() {
  std::thread([] {
    while (true) ::pause();
  }).detach();
  Calls calls;
  const SignalWatcher watcher([&](int signal, int count) { calls.Add(signal, count); });
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::kill(::getpid(), SIGTERM);
  ExitWith(calls.WaitFor(1) == Pairs{{SIGTERM, 1}});
}

[[noreturn]] void SendNothing() {
  bool called = false;
  {
    const SignalWatcher watcher([&](int, int) { called = true; });
  }
  ExitWith(!called);
}

TEST_F(SignalWatcherTest, SignalsBecomeCallsWithTheirCount) {
  EXPECT_EXIT(SendThreeSignals(), ::testing::ExitedWithCode(0), "");
}

TEST_F(SignalWatcherTest, AThreadMadeLaterIsNotInterrupted) {
  EXPECT_EXIT(SendFromAnotherThread(), ::testing::ExitedWithCode(0), "");
}

TEST_F(SignalWatcherTest, ASignalIsCaughtOnAThreadThatWasThereBefore) {
  EXPECT_EXIT(SendToAThreadThatWasThereBefore(), ::testing::ExitedWithCode(0), "");
}

TEST_F(SignalWatcherTest, EndsWithoutASignalAndCallsNobody) {
  EXPECT_EXIT(SendNothing(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace distill
