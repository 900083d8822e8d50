#include "student_trainer/pipeline/batch_loader.h"

#include <algorithm>
#include <utility>

namespace distill {
namespace {

constexpr int64_t kMostSmall = 8;
constexpr int64_t kSmallBytes = 1 << 20;  // in all

int64_t BatchesAhead(int threads, int64_t batch_bytes) {
  const int64_t small = std::min(kMostSmall, kSmallBytes / std::max<int64_t>(1, batch_bytes));
  return std::max<int64_t>(2 * threads, small);
}

}  // namespace

BatchLoader::BatchLoader(const BatchMaker& maker, const BatchLoaderOptions& options)
    : maker_(maker),
      ahead_(BatchesAhead(options.threads, maker.batch_bytes())),
      next_to_make_(options.first_batch),
      next_to_give_(options.first_batch) {
  for (int i = 0; i < options.threads; ++i) threads_.emplace_back([this] { Run(); });
}

BatchLoader::~BatchLoader() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
  }
  may_make_.NotifyAll();
  for (std::thread& thread : threads_) thread.join();
}

std::optional<int64_t> BatchLoader::Take() {
  MutexLock lock(mutex_);
  while (!ending_ && next_to_make_ < maker_.size() && next_to_make_ >= next_to_give_ + ahead_) {
    may_make_.Wait(mutex_);
  }
  if (ending_ || next_to_make_ >= maker_.size()) return std::nullopt;
  return next_to_make_++;
}

void BatchLoader::Run() {
  while (const std::optional<int64_t> number = Take()) {
    absl::StatusOr<TrainingBatch> batch = maker_.Make(*number);
    const bool failed = !batch.ok();
    bool is_next = false;
    {
      MutexLock lock(mutex_);
      if (failed) ending_ = true;  // those before it are under way or made
      made_.emplace(*number, std::move(batch));
      is_next = *number == next_to_give_;
    }
    if (is_next) made_one_.NotifyAll();
    if (failed) may_make_.NotifyAll();
  }
}

absl::StatusOr<std::optional<TrainingBatch>> BatchLoader::Next() {
  std::optional<TrainingBatch> batch;
  bool may_make = false;
  {
    MutexLock lock(mutex_);
    if (next_to_give_ >= maker_.size()) return std::nullopt;
    while (made_.count(next_to_give_) == 0) made_one_.Wait(mutex_);
    const auto found = made_.find(next_to_give_);
    if (!found->second.ok()) return found->second.status();
    batch = *std::move(found->second);
    made_.erase(found);
    ++next_to_give_;
    may_make = next_to_make_ <= next_to_give_ + ahead_ / 2;
  }
  if (may_make) may_make_.NotifyAll();
  return batch;
}

}  // namespace distill
