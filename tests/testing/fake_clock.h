// FakeClock: a clock that stands still until a test moves it. A test waits until the code under
// test is waiting (WaitForWaiters), then moves the time (Advance); nothing sleeps.
#pragma once

#include <list>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"

namespace distill::testing {

// Thread-safe. Must outlive the threads that wait on it.
class FakeClock : public Clock {
 public:
  explicit FakeClock(absl::Time now = absl::FromUnixSeconds(1'000'000'000)) : now_(now) {}

  absl::Time Now() override {
    MutexLock lock(mutex_);
    return now_;
  }

  void WaitUntil(CondVar& condition, Mutex& mutex, absl::Time deadline) override
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    std::list<Waiter>::iterator self;
    {
      MutexLock lock(mutex_);
      if (deadline <= now_) return;
      self = waiters_.insert(waiters_.end(), {&condition, &mutex, deadline});
      changed_.NotifyAll();
    }
    // `mutex` is held from before the registration until the wait releases it, and SetNow notifies
    // under it: the notification cannot fall between the two.
    condition.Wait(mutex);
    // SetNow may be about to lock `mutex` and use `condition`: they must not vanish before it has.
    mutex.Unlock();
    {
      MutexLock lock(mutex_);
      while (self->users > 0) changed_.Wait(mutex_);
      waiters_.erase(self);
    }
    mutex.Lock();
  }

  // Moves the time and wakes every thread whose deadline it reaches. The caller holds no mutex that
  // a thread waits with.
  void SetNow(absl::Time now) {
    std::vector<Waiter*> due;
    {
      MutexLock lock(mutex_);
      now_ = now;
      for (Waiter& waiter : waiters_) {
        if (waiter.deadline > now_) continue;
        ++waiter.users;
        due.push_back(&waiter);
      }
    }
    for (Waiter* waiter : due) {
      MutexLock lock(*waiter->mutex);
      waiter->condition->NotifyAll();
    }
    MutexLock lock(mutex_);
    for (Waiter* waiter : due) --waiter->users;
    changed_.NotifyAll();
  }

  void Advance(absl::Duration duration) { SetNow(Now() + duration); }

  // Blocks until at least `count` threads are inside WaitUntil with a deadline still to come. A
  // thread that was notified by another, and has not run yet, still counts.
  void WaitForWaiters(int count) {
    MutexLock lock(mutex_);
    while (NumPending() < count) changed_.Wait(mutex_);
  }

 private:
  struct Waiter {
    CondVar* condition;
    Mutex* mutex;
    absl::Time deadline;
    int users = 0;  // calls of SetNow that are notifying it
  };

  int NumPending() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    int pending = 0;
    for (const Waiter& waiter : waiters_) pending += waiter.deadline > now_ ? 1 : 0;
    return pending;
  }

  Mutex mutex_;  // taken with a waiter's mutex held, never the reverse
  CondVar changed_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
  std::list<Waiter> waiters_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace distill::testing
