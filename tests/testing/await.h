// Waiting in a test for what another thread does. Every wait has a deadline, and one that passes it
// fails the test with what was awaited.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/mutex.h"

namespace distill::testing {

// Far more than anything takes that a test waits for, under a sanitizer on a busy machine too.
inline constexpr absl::Duration kPatience = absl::Minutes(1);

// For a condition whose changes are notified:
//
//   Patience patience("3 requests have come");
//   MutexLock lock(mutex_);
//   while (requests_.size() < 3 && patience.Wait(changed_, mutex_)) {
//   }
class Patience {
 public:
  explicit Patience(std::string awaited)
      : awaited_(std::move(awaited)), deadline_(absl::Now() + kPatience) {}

  // Waits for a notification or the deadline. False, and the test has failed, after the deadline.
  bool Wait(CondVar& changed, Mutex& mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (absl::Now() >= deadline_) {
      ADD_FAILURE() << "timed out waiting until " << awaited_;
      return false;
    }
    changed.WaitUntil(mutex, deadline_);
    return true;
  }

 private:
  const std::string awaited_;
  const absl::Time deadline_;
};

// For a condition without notifications: evaluates it every millisecond until it is true. False,
// and the test has failed, after the deadline.
template <typename Condition>
bool Await(const Condition& condition, const std::string& awaited) {
  const absl::Time deadline = absl::Now() + kPatience;
  Mutex mutex;
  CondVar never_notified;
  while (!condition()) {
    if (absl::Now() >= deadline) {
      ADD_FAILURE() << "timed out waiting until " << awaited;
      return false;
    }
    MutexLock lock(mutex);
    never_notified.WaitUntil(mutex, absl::Now() + absl::Milliseconds(1));
  }
  return true;
}

}  // namespace distill::testing
