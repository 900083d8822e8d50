#include "common/base/clock.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "tests/testing/fake_clock.h"

namespace distill {
namespace {

using testing::FakeClock;

// Runs a thread that waits on the clock until a deadline, or until it is told to stop.
class Sleeper {
 public:
  Sleeper(Clock& clock, absl::Time deadline)
      : clock_(clock), deadline_(deadline), thread_([this] { Run(); }) {}
  ~Sleeper() { Stop(); }

  void Stop() {
    {
      MutexLock lock(mutex_);
      stopped_ = true;
      changed_.NotifyAll();
    }
    if (thread_.joinable()) thread_.join();
  }

  // Waits until the deadline has woken the thread.
  void Join() { thread_.join(); }

 private:
  void Run() {
    MutexLock lock(mutex_);
    while (!stopped_ && clock_.Now() < deadline_) clock_.WaitUntil(changed_, mutex_, deadline_);
  }

  Clock& clock_;
  const absl::Time deadline_;
  Mutex mutex_;
  CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

TEST(RealClockTest, TellsTheTime) {
  const absl::Time before = absl::Now();
  const absl::Time now = Clock::Real().Now();
  EXPECT_LE(before, now);
  EXPECT_LE(now, absl::Now());
}

TEST(RealClockTest, AWaitForTheReachedPastReturns) {
  Mutex mutex;
  CondVar condition;
  MutexLock lock(mutex);
  for (const absl::Time deadline :
       {absl::InfinitePast(), absl::UnixEpoch() - absl::Milliseconds(1), absl::Now()}) {
    Clock::Real().WaitUntil(condition, mutex, deadline);
  }
}

TEST(RealClockTest, ANotificationEndsAWaitForever) {
  Sleeper sleeper(Clock::Real(), absl::InfiniteFuture());
  sleeper.Stop();
}

TEST(FakeClockTest, StandsStillUntilItIsMoved) {
  FakeClock clock(absl::FromUnixSeconds(100));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(100));
  clock.Advance(absl::Seconds(5));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(105));
  clock.SetNow(absl::FromUnixSeconds(7));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(7));
}

TEST(FakeClockTest, AWaitForAReachedDeadlineReturns) {
  FakeClock clock;
  Mutex mutex;
  CondVar condition;
  MutexLock lock(mutex);
  clock.WaitUntil(condition, mutex, clock.Now());
}

TEST(FakeClockTest, AdvanceWakesThoseWhoseDeadlineItReachesAndNoOther) {
  FakeClock clock;
  Sleeper early(clock, clock.Now() + absl::Seconds(1));
  Sleeper exact(clock, clock.Now() + absl::Seconds(2));
  Sleeper late(clock, clock.Now() + absl::Seconds(3));
  clock.WaitForWaiters(3);
  clock.Advance(absl::Seconds(2));
  early.Join();
  exact.Join();
  clock.WaitForWaiters(1);
  clock.Advance(absl::Seconds(1));
  late.Join();
}

TEST(FakeClockTest, AnOrdinaryNotificationEndsAWait) {
  FakeClock clock;
  Sleeper sleeper(clock, absl::InfiniteFuture());
  clock.WaitForWaiters(1);
  sleeper.Stop();
}

// Each step is a new wait: a wait that was lost, or counted after it was over, would hang the test.
TEST(FakeClockTest, NoWakeUpIsLostInManySteps) {
  FakeClock clock;
  constexpr int kSteps = 300;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&clock] {
      for (int step = 0; step < kSteps; ++step) {
        // The mutex is destroyed right after the wait, while Advance may still use it.
        auto mutex = std::make_unique<Mutex>();
        auto condition = std::make_unique<CondVar>();
        const absl::Time deadline = clock.Now() + absl::Seconds(1);
        MutexLock lock(*mutex);
        while (clock.Now() < deadline) clock.WaitUntil(*condition, *mutex, deadline);
      }
    });
  }
  for (int step = 0; step < kSteps; ++step) {
    clock.WaitForWaiters(2);
    clock.Advance(absl::Seconds(1));
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace distill
