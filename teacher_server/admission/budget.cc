#include "teacher_server/admission/budget.h"

#include <algorithm>
#include <utility>

namespace distill {

Budget::Budget(const BudgetLimits& limits)
    : limits_(limits), pool_(limits.bytes - limits.max_streams * limits.stream_bytes) {}

int64_t Budget::FromPool(int64_t bytes, bool reading) const {
  return std::max<int64_t>(0, bytes + (reading ? limits_.stream_bytes : 0) - limits_.stream_bytes);
}

Budget::Share::~Share() {
  Update(0, 0, false);
  MutexLock lock(budget_->mutex_);
  budget_->waiters_.erase(ticket_);
}

bool Budget::Share::TryRead(std::function<void()> when_room) {
  MutexLock lock(budget_->mutex_);
  const int64_t more = budget_->FromPool(bytes_, true) - budget_->FromPool(bytes_, false);
  const bool idle = samples_ == 0 && bytes_ == 0;
  const bool room =
      budget_->pool_used_ + more <= budget_->pool_ && budget_->samples_ < budget_->limits_.samples;
  // The stream that has waited longest comes first, even before one that has just made room.
  const auto first = budget_->waiters_.begin();
  const bool first_in_line =
      first == budget_->waiters_.end() || (ticket_ != 0 && ticket_ <= first->first);
  if (!idle && !(room && first_in_line)) {
    if (ticket_ == 0) ticket_ = budget_->next_ticket_++;
    budget_->waiters_.try_emplace(ticket_, std::move(when_room));
    return false;
  }
  budget_->waiters_.erase(std::exchange(ticket_, 0));
  budget_->pool_used_ += more;
  ++budget_->readers_;
  reading_ = true;
  return true;
}

void Budget::Share::Update(int64_t samples, int64_t bytes, bool reading) {
  MutexLock lock(budget_->mutex_);
  budget_->pool_used_ += budget_->FromPool(bytes, reading) - budget_->FromPool(bytes_, reading_);
  budget_->bytes_ += bytes - bytes_;
  budget_->readers_ += (reading ? 1 : 0) - (reading_ ? 1 : 0);
  budget_->samples_ += samples - samples_;
  samples_ = samples;
  bytes_ = bytes;
  reading_ = reading;
}

void Budget::CallWaiters() {
  std::map<uint64_t, std::function<void()>> waiters;
  {
    MutexLock lock(mutex_);
    if (pool_used_ >= pool_ || samples_ >= limits_.samples) return;
    waiters.swap(waiters_);
  }
  for (const auto& [ticket, when_room] : waiters) when_room();
}

int64_t Budget::samples() const {
  MutexLock lock(mutex_);
  return samples_;
}

int64_t Budget::bytes() const {
  MutexLock lock(mutex_);
  return bytes_;
}

int64_t Budget::taken_bytes() const {
  MutexLock lock(mutex_);
  return bytes_ + readers_ * limits_.stream_bytes;
}

}  // namespace distill
