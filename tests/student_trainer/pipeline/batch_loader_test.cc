#include "student_trainer/pipeline/batch_loader.h"

#include <atomic>
#include <numeric>
#include <string>
#include <vector>

#include "common/base/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/student_trainer/data/memory_dataset.h"

namespace distill {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

const InputSpec kLoaderImage = {"image", DType::kUint8, {1, 2, 3}};
constexpr int64_t kLoaderSamples = 50;

std::vector<int64_t> Samples() {
  std::vector<int64_t> samples(kLoaderSamples);
  std::iota(samples.begin(), samples.end(), 0);
  return samples;
}

// Counts reads, and blocks the reads of one sample until it is told to continue.
class WatchedDataset : public MemoryDataset {
 public:
  explicit WatchedDataset(const InputSpec& image = kLoaderImage)
      : MemoryDataset(image, std::vector<int64_t>(kLoaderSamples, 0)) {}

  absl::Status Read(int64_t index, Destinations destinations) const override {
    MutexLock lock(mutex_);
    ++reads_;
    changed_.NotifyAll();
    while (index == held_) changed_.Wait(mutex_);
    return MemoryDataset::Read(index, destinations);
  }

  void Hold(int64_t index) {
    MutexLock lock(mutex_);
    held_ = index;
    changed_.NotifyAll();
  }

  void WaitForReads(int64_t count) const {
    MutexLock lock(mutex_);
    while (reads_ < count) changed_.Wait(mutex_);
  }

  int64_t reads() const {
    MutexLock lock(mutex_);
    return reads_;
  }

 private:
  mutable Mutex mutex_;
  mutable CondVar changed_;
  mutable int64_t reads_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t held_ ABSL_GUARDED_BY(mutex_) = -1;
};

std::vector<TrainingBatch> ReadAll(BatchLoader& loader) {
  std::vector<TrainingBatch> batches;
  while (true) {
    absl::StatusOr<std::optional<TrainingBatch>> batch = loader.Next();
    EXPECT_TRUE(batch.ok()) << batch.status();
    if (!batch.ok() || !batch->has_value()) return batches;
    batches.push_back(**std::move(batch));
  }
}

// Returns the whole content of the batches as text.
std::string Describe(const std::vector<TrainingBatch>& batches) {
  std::string text;
  for (const TrainingBatch& batch : batches) {
    absl::StrAppend(&text, batch.epoch, "/", batch.position, ":");
    for (const int64_t id : batch.sample_ids) absl::StrAppend(&text, " ", id);
    absl::StrAppend(&text, " ", batch.inputs[0].values.bytes.ToString(), "\n");
  }
  return text;
}

TEST(BatchLoaderTest, HandsOutTheSameInTheSameOrderWithAnyNumberOfThreads) {
  CorruptSamples corrupt;
  const MemoryDataset dataset(kLoaderImage, std::vector<int64_t>(kLoaderSamples, 0));
  const BatchMaker maker(
      dataset, Samples(), {},
      {.batch_size = 4, .epochs = 5, .seed = 3, .views = {.pad = 1, .flip = true}}, corrupt);
  BatchLoader one(maker, {.threads = 1});
  const std::vector<TrainingBatch> expected = ReadAll(one);
  EXPECT_THAT(expected, SizeIs(maker.size()));
  for (const int threads : {2, 3, 8}) {
    BatchLoader loader(maker, {.threads = threads});
    EXPECT_EQ(Describe(ReadAll(loader)), Describe(expected)) << threads << " threads";
  }
}

TEST(BatchLoaderTest, BeginsWhereItIsToldTo) {
  CorruptSamples corrupt;
  const MemoryDataset dataset(kLoaderImage, std::vector<int64_t>(kLoaderSamples, 0));
  const BatchMaker maker(dataset, Samples(), {}, {.batch_size = 8, .epochs = 3, .seed = 3},
                         corrupt);
  BatchLoader whole(maker, {});
  const std::vector<TrainingBatch> all = ReadAll(whole);
  for (const int64_t first : {int64_t{1}, int64_t{9}, maker.size()}) {
    BatchLoader loader(maker, {.threads = 2, .first_batch = first});
    EXPECT_EQ(Describe(ReadAll(loader)),
              Describe(std::vector<TrainingBatch>(all.begin() + first, all.end())));
  }
}

// Expects that `ahead` batches of one sample are made in advance, and more at the latest when half
// are taken.
void ExpectMadeAhead(const Shape& image, int threads, int64_t ahead) {
  CorruptSamples corrupt;
  WatchedDataset dataset({"image", DType::kUint8, image});
  const BatchMaker maker(dataset, Samples(), {}, {.batch_size = 1, .epochs = 100}, corrupt);
  BatchLoader loader(maker, {.threads = threads});
  dataset.WaitForReads(ahead);
  for (int64_t taken = 1; taken <= 40; ++taken) {
    ASSERT_TRUE(loader.Next().ok());
    dataset.WaitForReads(taken + ahead / 2 + 1);
    EXPECT_LE(dataset.reads(), taken + ahead);
  }
}

TEST(BatchLoaderTest, MakesTwiceAsManyAheadAsItHasThreads) {
  for (const int threads : {1, 2, 4}) ExpectMadeAhead({1, 512, 1024}, threads, 2 * threads);
}

TEST(BatchLoaderTest, MakesEightSmallBatchesAhead) {
  ExpectMadeAhead({1, 2, 3}, 1, 8);
  ExpectMadeAhead({1, 2, 3}, 8, 16);
  ExpectMadeAhead({1, 256, 1024}, 1, 4);  // as many as a MiB holds
}

TEST(BatchLoaderTest, ASlowBatchHoldsUpThoseBehindItAndLosesNone) {
  CorruptSamples corrupt;
  WatchedDataset dataset;
  const BatchMaker maker(dataset, Samples(), {}, {.batch_size = 5}, corrupt);
  dataset.Hold(maker.Make(0)->sample_ids[0]);
  BatchLoader loader(maker, {.threads = 4});
  dataset.WaitForReads(1 + 5 * 3);  // the others are made while the first is not
  dataset.Hold(-1);
  EXPECT_THAT(ReadAll(loader), SizeIs(10));
}

TEST(BatchLoaderTest, AnErrorComesAfterTheBatchesBeforeItAndStays) {
  CorruptSamples corrupt;
  MemoryDataset dataset(kLoaderImage, std::vector<int64_t>(kLoaderSamples, 0));
  const BatchMaker maker(dataset, Samples(), {}, {.batch_size = 5}, corrupt);
  dataset.unreadable = maker.Make(6)->sample_ids[2];
  BatchLoader loader(maker, {.threads = 3});
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(loader.Next().ok()) << i;
  for (int i = 0; i < 2; ++i) {
    const absl::Status status = loader.Next().status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_THAT(std::string(status.message()), HasSubstr("sample"));
  }
}

TEST(BatchLoaderTest, EndsForGoodAndMayBeLeftAtAnyTime) {
  CorruptSamples corrupt;
  const MemoryDataset dataset(kLoaderImage, std::vector<int64_t>(kLoaderSamples, 0));
  const BatchMaker maker(dataset, Samples(), {}, {.batch_size = 25}, corrupt);
  BatchLoader loader(maker, {.threads = 3});
  EXPECT_THAT(ReadAll(loader), SizeIs(2));
  EXPECT_THAT(ReadAll(loader), SizeIs(0));
  const BatchMaker long_run(dataset, Samples(), {}, {.batch_size = 2, .epochs = 1'000'000},
                            corrupt);
  for (int taken = 0; taken < 5; ++taken) {
    BatchLoader left(long_run, {.threads = 3});
    for (int i = 0; i < taken; ++i) ASSERT_TRUE(left.Next().ok());
  }
}

}  // namespace
}  // namespace distill
