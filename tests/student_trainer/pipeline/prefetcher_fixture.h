// What the tests of the prefetcher share: a source of numbered batches, and a prefetcher of it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "student_trainer/pipeline/prefetcher.h"
#include "tests/common/client/session/client_fixture.h"

namespace distill::testing {

// Epochs of samples 0 … samples - 1 in batches of `batch_size`.
class NumberedBatches : public BatchSource {
 public:
  NumberedBatches(int64_t samples, int64_t batch_size, int64_t epochs = 1)
      : samples_(samples), batch_size_(batch_size), epochs_(epochs) {}

  absl::StatusOr<std::optional<TrainingBatch>> Next() override {
    MutexLock lock(mutex_);
    if (!error_.ok() && pulled_ == error_after_) return error_;
    if (position_ == samples_) {
      position_ = 0;
      ++epoch_;
    }
    if (epoch_ == epochs_) return std::nullopt;
    const int64_t count = std::min(batch_size_, samples_ - position_);
    TrainingBatch batch = {.inputs = {NumberedSamples(position_, count)},
                           .labels = std::vector<int64_t>(static_cast<size_t>(count), 0),
                           .sample_ids = std::vector<int64_t>(static_cast<size_t>(count)),
                           .epoch = epoch_,
                           .position = position_};
    std::iota(batch.sample_ids.begin(), batch.sample_ids.end(), position_);
    position_ += count;
    ++pulled_;
    changed_.NotifyAll();
    return batch;
  }

  // Fails once `batches` were pulled.
  void FailAfter(int64_t batches, absl::Status error) {
    MutexLock lock(mutex_);
    error_after_ = batches;
    error_ = std::move(error);
  }

  int64_t pulled() const {
    MutexLock lock(mutex_);
    return pulled_;
  }
  void WaitForPulled(int64_t count) const {
    Patience patience(absl::StrCat(count, " batches are pulled"));
    MutexLock lock(mutex_);
    while (pulled_ < count && patience.Wait(changed_, mutex_)) {
    }
  }

 private:
  const int64_t samples_;
  const int64_t batch_size_;
  const int64_t epochs_;
  mutable Mutex mutex_;
  mutable CondVar changed_;
  int64_t epoch_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t position_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t pulled_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t error_after_ ABSL_GUARDED_BY(mutex_) = -1;
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
};

class PrefetcherTest : public ClientTest {
 protected:
  void SetLimits(const StreamLimits& limits) {
    FakeTeacherOptions options = teacher_.options();
    options.limits = limits;
    teacher_.SetOptions(options);
  }

  // The next batch, which must be the one at `position` and have the targets that belong to it.
  void ExpectNextWithTargets(Prefetcher& prefetcher, int64_t position, int64_t samples) {
    auto next = prefetcher.Next();
    ASSERT_TRUE(next.ok()) << next.status();
    ASSERT_TRUE(next->has_value());
    const TargetedBatch& targeted = **next;
    EXPECT_EQ(targeted.batch.position, position);
    EXPECT_EQ(targeted.batch.size(), samples);
    std::vector<float> logits;
    ASSERT_EQ(targeted.targets.size(), 1u);
    EXPECT_EQ(targeted.targets[0].output, "logits");
    for (const EncodedTargets& targets : targeted.targets[0].answers) {
      const std::vector<float> part = DecodeFakeLogits(targets);
      logits.insert(logits.end(), part.begin(), part.end());
    }
    EXPECT_EQ(logits, NumberedLogits(position, samples));
  }

  void ExpectNextWithoutTargets(Prefetcher& prefetcher, int64_t position, int64_t samples) {
    auto next = prefetcher.Next();
    ASSERT_TRUE(next.ok()) << next.status();
    ASSERT_TRUE(next->has_value());
    EXPECT_EQ((*next)->batch.position, position);
    EXPECT_EQ((*next)->batch.size(), samples);
    EXPECT_TRUE((*next)->targets.empty());
  }

  void ExpectEnd(Prefetcher& prefetcher) {
    auto next = prefetcher.Next();
    ASSERT_TRUE(next.ok()) << next.status();
    EXPECT_FALSE(next->has_value());
  }
};

}  // namespace distill::testing
