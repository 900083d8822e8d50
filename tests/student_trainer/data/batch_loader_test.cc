#include "student_trainer/data/batch_loader.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "student_trainer/data/sampler.h"
#include "tests/student_trainer/data/memory_dataset.h"

namespace distill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const InputSpec kImage = {"image", DType::kUint8, {1, 2, 3}};
const InputSpec kTokens = {"tokens", DType::kInt64, {4}};

MemoryDataset Images(size_t n) {
  std::vector<int64_t> labels;
  for (size_t i = 0; i < n; ++i) labels.push_back(static_cast<int64_t>(i % 3));
  return MemoryDataset(kImage, labels);
}

std::vector<TrainingBatch> ReadAll(BatchLoader& loader) {
  std::vector<TrainingBatch> batches;
  while (true) {
    absl::StatusOr<std::optional<TrainingBatch>> batch = loader.Next();
    EXPECT_TRUE(batch.ok()) << batch.status();
    if (!batch.ok() || !batch->has_value()) return batches;
    batches.push_back(**std::move(batch));
  }
}

TEST(BatchLoaderTest, NamesEverySampleOnceAnEpochInEpochOrder) {
  const MemoryDataset dataset = Images(50);
  const std::vector<int64_t> samples = {1, 4, 9, 16, 25, 36, 49, 2, 3, 5, 7};
  BatchLoader loader(dataset, samples, {}, {.batch_size = 4, .epochs = 3, .seed = 5});
  const std::vector<TrainingBatch> batches = ReadAll(loader);
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

TEST(BatchLoaderTest, TrailingSampleJoinsTheBatchBefore) {
  const MemoryDataset dataset = Images(9);
  BatchLoader loader(dataset, {0, 1, 2, 3, 4, 5, 6, 7, 8}, {}, {.batch_size = 4, .epochs = 2});
  std::vector<int64_t> sizes;
  for (const TrainingBatch& batch : ReadAll(loader)) sizes.push_back(batch.size());
  EXPECT_THAT(sizes, ElementsAre(4, 5, 4, 5));
}

TEST(BatchLoaderTest, InputsAreTheSamplesNamed) {
  const MemoryDataset dataset = Images(10);
  BatchLoader loader(dataset, {0, 2, 4, 6, 8}, {}, {.batch_size = 3});
  for (const TrainingBatch& batch : ReadAll(loader)) {
    EXPECT_TRUE(batch.inputs.Validate().ok());
    EXPECT_EQ(batch.inputs.shape, (Shape{batch.size(), 1, 2, 3}));
    std::string expected;
    for (const int64_t id : batch.sample_ids) expected += std::string(6, static_cast<char>(id + 1));
    EXPECT_EQ(batch.inputs.bytes.ToString(), expected);
  }
}

TEST(BatchLoaderTest, OnlyLabelledSamplesCarryTheirLabel) {
  const MemoryDataset dataset = Images(10);
  BatchLoader loader(dataset, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 6}, {.batch_size = 4});
  for (const TrainingBatch& batch : ReadAll(loader)) {
    ASSERT_EQ(batch.labels.size(), batch.sample_ids.size());
    for (size_t i = 0; i < batch.labels.size(); ++i) {
      const int64_t id = batch.sample_ids[i];
      const bool labelled = id == 1 || id == 5 || id == 6;
      EXPECT_EQ(batch.labels[i], labelled ? id % 3 : kUnlabelled) << "sample " << id;
    }
  }
}

TEST(BatchLoaderTest, ViewsAreThoseOfTheEpochWhateverTheBatchSize) {
  const MemoryDataset dataset = Images(12);
  const std::vector<int64_t> samples = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const ViewOptions views = {.pad = 1, .flip = true};
  for (const int64_t batch_size : {1, 5, 12}) {
    BatchLoader loader(dataset, samples, {},
                       {.batch_size = batch_size, .epochs = 4, .seed = 9, .views = views});
    for (const TrainingBatch& batch : ReadAll(loader)) {
      for (int64_t i = 0; i < batch.size(); ++i) {
        const int64_t id = batch.sample_ids[static_cast<size_t>(i)];
        std::vector<uint8_t> expected(6, static_cast<uint8_t>(id + 1));
        ApplyView(views, {9, batch.epoch, id}, kImage.shape, absl::MakeSpan(expected));
        EXPECT_EQ(SliceRows(batch.inputs, i, i + 1).bytes.ToString(),
                  std::string(expected.begin(), expected.end()));
      }
    }
  }
}

TEST(BatchLoaderTest, EndsForGood) {
  const MemoryDataset dataset = Images(4);
  BatchLoader loader(dataset, {0, 1}, {}, {.batch_size = 2});
  EXPECT_EQ(ReadAll(loader).size(), 1u);
  EXPECT_THAT(ReadAll(loader), IsEmpty());
  BatchLoader without_samples(dataset, {}, {}, {.epochs = 1'000'000});
  EXPECT_THAT(ReadAll(without_samples), IsEmpty());
  BatchLoader without_epochs(dataset, {0, 1}, {}, {.epochs = 0});
  EXPECT_THAT(ReadAll(without_epochs), IsEmpty());
}

TEST(BatchLoaderTest, ErrorsPassThroughAndTheSameBatchIsTriedAgain) {
  MemoryDataset dataset = Images(6);
  BatchLoader loader(dataset, {0, 1, 2, 3, 4, 5}, {}, {.batch_size = 3});
  ASSERT_TRUE(loader.Next().ok());
  const std::vector<int64_t> order = EpochOrder({0, 1, 2, 3, 4, 5}, 0, 0);
  dataset.unreadable = order[4];
  EXPECT_EQ(loader.Next().status().code(), absl::StatusCode::kInternal);
  dataset.unreadable = -1;
  const auto batch = loader.Next();
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_THAT((*batch)->sample_ids, ElementsAre(order[3], order[4], order[5]));
}

TEST(BatchLoaderTest, CropsAndMixingAreRefused) {
  const MemoryDataset dataset = Images(5);
  for (const ViewOptions& views : {ViewOptions{.crop_scale = 0.5}, ViewOptions{.mixup = 1}}) {
    BatchLoader loader(dataset, {0, 1, 2}, {}, {.views = views});
    EXPECT_EQ(loader.Next().status().code(), absl::StatusCode::kUnimplemented);
  }
}

TEST(BatchLoaderTest, ViewsOfOtherThanImagesAreRefused) {
  const MemoryDataset tokens(kTokens, {0, 1, 0});
  BatchLoader with_views(tokens, {0, 1, 2}, {}, {.views = {.flip = true}});
  const absl::Status status = with_views.Next().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("tokens"));
  BatchLoader without_views(tokens, {0, 1, 2}, {}, {});
  const auto batch = without_views.Next();
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ((*batch)->inputs.shape, (Shape{3, 4}));
  EXPECT_TRUE((*batch)->inputs.Validate().ok());
}

TEST(ReadSamplesTest, KeepsTheOrderAskedFor) {
  MemoryDataset dataset = Images(6);
  const auto tensor = ReadSamples(dataset, {4, 0, 4});
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(tensor->shape, (Shape{3, 1, 2, 3}));
  EXPECT_EQ(tensor->bytes.ToString(),
            std::string(6, '\x05') + std::string(6, '\x01') + std::string(6, '\x05'));
  const auto none = ReadSamples(dataset, {});
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_TRUE(none->Validate().ok());
  dataset.unreadable = 0;
  EXPECT_EQ(ReadSamples(dataset, {4, 0}).status().code(), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace distill
