// Clock: where the time comes from. Code that reads the time or sleeps takes a Clock, so that tests
// decide what time it is (tests/testing/fake_clock.h).
#pragma once

#include "absl/time/time.h"
#include "common/base/mutex.h"

namespace distill {

// Thread-safe. The real clock lives as long as the program.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() = 0;

  // Waits on `condition` until it is notified or the clock reaches `deadline`. May wake early.
  virtual void WaitUntil(CondVar& condition, Mutex& mutex, absl::Time deadline)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) = 0;

  static Clock& Real();
};

}  // namespace distill
