#include "student_trainer/pipeline/batch_maker.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "student_trainer/data/sampler.h"
#include "tests/student_trainer/data/memory_dataset.h"
#include "tests/student_trainer/testing/sequence_dataset.h"

namespace distill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const InputSpec kMakerImage = {"image", DType::kUint8, {1, 2, 3}};
const InputSpec kTokens = {"tokens", DType::kInt64, {4}};

MemoryDataset MakerImages(size_t n) {
  std::vector<int64_t> labels;
  for (size_t i = 0; i < n; ++i) labels.push_back(static_cast<int64_t>(i % 3));
  return MemoryDataset(kMakerImage, labels);
}

std::vector<TrainingBatch> MakeAll(const BatchMaker& maker) {
  std::vector<TrainingBatch> batches;
  for (int64_t number = 0; number < maker.size(); ++number) {
    absl::StatusOr<TrainingBatch> batch = maker.Make(number);
    EXPECT_TRUE(batch.ok()) << batch.status();
    if (batch.ok()) batches.push_back(*std::move(batch));
  }
  return batches;
}

TEST(BatchMakerTest, NamesEverySampleOnceAnEpochInEpochOrder) {
  CorruptSamples corrupt;
  const MemoryDataset dataset = MakerImages(50);
  const std::vector<int64_t> samples = {1, 4, 9, 16, 25, 36, 49, 2, 3, 5, 7};
  BatchMaker maker(dataset, samples, {}, {.batch_size = 4, .epochs = 3, .seed = 5}, corrupt);
  const std::vector<TrainingBatch> batches = MakeAll(maker);
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    const std::vector<int64_t> order = EpochOrder(samples, 5, epoch);
    TrainedIdsHash expected, trained;
    for (const int64_t id : order) expected.Add(id);
    std::vector<int64_t> ids;
    for (const TrainingBatch& batch : batches) {
      if (batch.epoch != epoch) continue;
      EXPECT_EQ(batch.position, static_cast<int64_t>(ids.size()));
      for (const int64_t id : batch.sample_ids) trained.Add(id);
      ids.insert(ids.end(), batch.sample_ids.begin(), batch.sample_ids.end());
    }
    EXPECT_EQ(ids, order);
    EXPECT_EQ(trained.value(), expected.value());
  }
}

TEST(BatchMakerTest, TrailingSampleJoinsTheBatchBefore) {
  CorruptSamples corrupt;
  const MemoryDataset dataset = MakerImages(9);
  BatchMaker maker(dataset, {0, 1, 2, 3, 4, 5, 6, 7, 8}, {}, {.batch_size = 4, .epochs = 2},
                   corrupt);
  std::vector<int64_t> sizes;
  for (const TrainingBatch& batch : MakeAll(maker)) sizes.push_back(batch.size());
  EXPECT_THAT(sizes, ElementsAre(4, 5, 4, 5));
}

TEST(BatchMakerTest, InputsAreTheSamplesNamed) {
  CorruptSamples corrupt;
  const MemoryDataset dataset = MakerImages(10);
  BatchMaker maker(dataset, {0, 2, 4, 6, 8}, {}, {.batch_size = 3}, corrupt);
  for (const TrainingBatch& batch : MakeAll(maker)) {
    EXPECT_TRUE(batch.inputs[0].values.Validate().ok());
    EXPECT_EQ(batch.inputs[0].values.shape, (Shape{batch.size(), 1, 2, 3}));
    std::string expected;
    for (const int64_t id : batch.sample_ids) expected += std::string(6, static_cast<char>(id + 1));
    EXPECT_EQ(batch.inputs[0].values.bytes.ToString(), expected);
  }
}

TEST(BatchMakerTest, OnlyLabelledSamplesCarryTheirLabel) {
  CorruptSamples corrupt;
  const MemoryDataset dataset = MakerImages(10);
  BatchMaker maker(dataset, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 6}, {.batch_size = 4}, corrupt);
  for (const TrainingBatch& batch : MakeAll(maker)) {
    ASSERT_EQ(batch.labels.size(), batch.sample_ids.size());
    for (size_t i = 0; i < batch.labels.size(); ++i) {
      const int64_t id = batch.sample_ids[i];
      const bool labelled = id == 1 || id == 5 || id == 6;
      EXPECT_EQ(batch.labels[i], labelled ? id % 3 : kNoLabel) << "sample " << id;
    }
  }
}

TEST(BatchMakerTest, ViewsAreThoseOfTheEpochWhateverTheBatchSize) {
  CorruptSamples corrupt;
  const MemoryDataset dataset = MakerImages(12);
  const std::vector<int64_t> samples = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const ViewOptions views = {.pad = 1, .flip = true};
  for (const int64_t batch_size : {1, 5, 12}) {
    BatchMaker maker(dataset, samples, {},
                     {.batch_size = batch_size, .epochs = 4, .seed = 9, .views = views}, corrupt);
    for (const TrainingBatch& batch : MakeAll(maker)) {
      for (int64_t i = 0; i < batch.size(); ++i) {
        const int64_t id = batch.sample_ids[static_cast<size_t>(i)];
        std::vector<uint8_t> expected(6, static_cast<uint8_t>(id + 1));
        ApplyView(views, {9, batch.epoch, id}, kMakerImage.shape, absl::MakeSpan(expected));
        EXPECT_EQ(SliceRows(batch.inputs[0].values, i, i + 1).bytes.ToString(),
                  std::string(expected.begin(), expected.end()));
      }
    }
  }
}

TEST(BatchMakerTest, HasNoBatchesWithoutSamplesOrEpochs) {
  CorruptSamples corrupt;
  const MemoryDataset dataset = MakerImages(4);
  EXPECT_EQ(BatchMaker(dataset, {0, 1}, {}, {.batch_size = 2}, corrupt).size(), 1);
  EXPECT_EQ(BatchMaker(dataset, {}, {}, {.epochs = 1'000'000}, corrupt).size(), 0);
  EXPECT_EQ(BatchMaker(dataset, {0, 1}, {}, {.epochs = 0}, corrupt).size(), 0);
}

TEST(BatchMakerTest, ABatchIsTheSameWhateverWasMadeBefore) {
  CorruptSamples corrupt;
  const MemoryDataset dataset = MakerImages(20);
  std::vector<int64_t> samples(20);
  std::iota(samples.begin(), samples.end(), 0);
  const BatchOptions options = {
      .batch_size = 6, .epochs = 3, .seed = 4, .views = {.pad = 1, .flip = true}};
  const BatchMaker maker(dataset, samples, {}, options, corrupt);
  const std::vector<TrainingBatch> in_order = MakeAll(maker);
  for (const int64_t number : {7, 0, 11, 4, 3, 11}) {
    const auto batch = BatchMaker(dataset, samples, {}, options, corrupt).Make(number);
    const auto again = maker.Make(number);
    for (const auto* made : {&batch, &again}) {
      ASSERT_TRUE(made->ok()) << made->status();
      const TrainingBatch& expected = in_order[static_cast<size_t>(number)];
      EXPECT_EQ((*made)->sample_ids, expected.sample_ids);
      EXPECT_EQ((*made)->inputs[0].values.bytes.ToString(),
                expected.inputs[0].values.bytes.ToString());
    }
  }
}

TEST(BatchMakerTest, ViewsOfOtherThanImagesAreRefused) {
  CorruptSamples corrupt;
  const MemoryDataset tokens(kTokens, {0, 1, 0});
  BatchMaker with_views(tokens, {0, 1, 2}, {}, {.views = {.flip = true}}, corrupt);
  const absl::Status status = with_views.Make(0).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("tokens"));
  BatchMaker without_views(tokens, {0, 1, 2}, {}, {}, corrupt);
  const auto batch = without_views.Make(0);
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ(batch->inputs[0].values.shape, (Shape{3, 4}));
  EXPECT_TRUE(batch->inputs[0].values.Validate().ok());
}

TEST(BatchMakerTest, ACorruptSampleIsLeftOutOfItsBatchAndCounted) {
  MemoryDataset dataset = MakerImages(12);
  std::vector<int64_t> samples(12);
  std::iota(samples.begin(), samples.end(), 0);
  const BatchOptions options = {.batch_size = 4, .epochs = 2, .seed = 3};
  CorruptSamples none, one(1);
  const std::vector<TrainingBatch> whole = MakeAll(BatchMaker(dataset, samples, {}, options, none));
  dataset.unreadable = 5;
  dataset.failure = absl::DataLossError("5.jpg is truncated");
  const std::vector<TrainingBatch> batches =
      MakeAll(BatchMaker(dataset, samples, {}, options, one));
  for (size_t i = 0; i < batches.size(); ++i) {
    std::vector<int64_t> expected = whole[i].sample_ids;
    std::erase(expected, 5);
    EXPECT_EQ(batches[i].sample_ids, expected);
    EXPECT_EQ(batches[i].labels.size(), expected.size());
    EXPECT_EQ(batches[i].inputs[0].values.shape[0], batches[i].size());
    EXPECT_TRUE(batches[i].inputs[0].values.Validate().ok());
  }
  EXPECT_EQ(one.count(), 1);
  const auto refused = BatchMaker(dataset, samples, {}, {.batch_size = 12}, none).Make(0);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("`max_corrupt`"));
}

TEST(BatchMakerTest, ABatchOfCorruptSamplesAloneIsEmpty) {
  MemoryDataset dataset = MakerImages(3);
  dataset.unreadable = 1;
  dataset.failure = absl::DataLossError("1.jpg is truncated");
  CorruptSamples corrupt(1);
  const auto batch = BatchMaker(dataset, {1}, {}, {.batch_size = 1}, corrupt).Make(0);
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ(batch->size(), 0);
  EXPECT_TRUE(batch->inputs[0].values.Validate().ok());
}

// The pixels of each sample are its index + 1, so a mean of two identifies both.
TEST(BatchMakerTest, AMixedSampleHasTheNextOfTheEpochsOrderInIt) {
  std::vector<int64_t> labels(11);
  for (size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<int64_t>(i % 3);
  const MemoryDataset dataset({"image", DType::kUint8, {1, 8, 8}}, labels);
  std::vector<int64_t> samples(11);
  std::iota(samples.begin(), samples.end(), 0);
  const std::vector<int64_t> labelled = {0, 1, 2, 3, 4, 5, 6, 7};
  CorruptSamples corrupt;
  for (const int64_t batch_size : {3, 11}) {
    const BatchMaker maker(
        dataset, samples, labelled,
        {.batch_size = batch_size, .epochs = 3, .seed = 5, .views = {.cutmix = 1}}, corrupt);
    int64_t mixed = 0;
    for (const TrainingBatch& batch : MakeAll(maker)) {
      const std::vector<int64_t> order = EpochOrder(samples, 5, batch.epoch);
      for (int64_t i = 0; i < batch.size(); ++i) {
        const auto at = static_cast<size_t>(i);
        const int64_t own = batch.sample_ids[at];
        const int64_t next = order[static_cast<size_t>(batch.position + i + 1) % order.size()];
        const std::string pixels = SliceRows(batch.inputs[0].values, i, i + 1).bytes.ToString();
        const auto of = [&](int64_t id) {
          return std::count(pixels.begin(), pixels.end(), static_cast<char>(id + 1));
        };
        EXPECT_EQ(of(own) + of(next), 64);
        EXPECT_NEAR(batch.label_weights[at], static_cast<double>(of(own)) / 64, 1e-6);
        if (batch.label_weights[at] == 1) continue;
        ++mixed;
        EXPECT_EQ(batch.mixed_labels[at], next < 8 ? next % 3 : kNoLabel);
      }
    }
    EXPECT_GT(mixed, 10);
  }
}

TEST(SequenceBatchTest, SamplesLieOneAfterTheOtherWithTheRowsOfTheirPositions) {
  const testing::SequenceDataset data(
      {"ab", "c", "def"}, {{1, kIgnoredPosition}, {kNoLabel}, {2, 3, kIgnoredPosition}});
  CorruptSamples corrupt;
  const BatchMaker maker(data, {0, 1, 2}, {0, 2}, {.batch_size = 3, .rows_by_position = true},
                         corrupt);
  const auto batch = maker.Make(0);
  ASSERT_TRUE(batch.ok()) << batch.status();
  std::string values;
  std::vector<int64_t> lengths, labels;
  std::vector<bool> wanted;
  for (const int64_t id : batch->sample_ids) {
    values += std::vector<std::string>{"ab", "c", "def"}[static_cast<size_t>(id)];
    lengths.push_back(data.Length(id));
    for (const int64_t label : data.Labels(id)) {
      wanted.push_back(label != kIgnoredPosition);
      if (label != kIgnoredPosition) labels.push_back(label);
    }
  }
  EXPECT_EQ(batch->inputs[0].values.bytes.ToString(), values);
  EXPECT_EQ(batch->inputs[0].values.shape, (Shape{6}));
  EXPECT_EQ(batch->inputs[0].lengths, lengths);
  EXPECT_EQ(batch->labels, labels);
  EXPECT_EQ(batch->wanted, wanted);
  EXPECT_EQ(batch->rows(), 4);
}

TEST(SequenceBatchTest, WithoutLabelsEachPositionHasARow) {
  const testing::SequenceDataset data({"ab", "c", "def"});
  CorruptSamples corrupt;
  const BatchMaker maker(data, {0, 1, 2}, {}, {.batch_size = 3, .rows_by_position = true}, corrupt);
  const auto batch = maker.Make(0);
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ(batch->labels, std::vector<int64_t>(6, kNoLabel));
  EXPECT_TRUE(batch->wanted.empty());
}

TEST(SequenceBatchTest, ViewsAreMadeOfImagesAlone) {
  const testing::SequenceDataset data({"ab", "c"});
  CorruptSamples corrupt;
  const BatchMaker maker(data, {0, 1}, {}, {.batch_size = 2, .views = {.flip = true}}, corrupt);
  EXPECT_THAT(maker.Make(0).status().message(),
              ::testing::HasSubstr("not of tokens: int8[-1]; use none"));
}

}  // namespace
}  // namespace distill
