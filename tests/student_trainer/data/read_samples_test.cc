#include "student_trainer/data/read_samples.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/student_trainer/data/memory_dataset.h"

namespace distill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const InputSpec kImage = {"image", DType::kUint8, {1, 2, 3}};

TEST(ReadSamplesTest, KeepsTheOrderAskedFor) {
  const MemoryDataset dataset(kImage, {0, 1, 0, 1, 0, 1});
  CorruptSamples corrupt;
  const auto read = ReadSamples(dataset, {4, 0, 4}, corrupt);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(read->ids, ElementsAre(4, 0, 4));
  EXPECT_EQ(read->inputs[0].values.shape, (Shape{3, 1, 2, 3}));
  EXPECT_EQ(read->inputs[0].values.bytes.ToString(),
            std::string(6, '\x05') + std::string(6, '\x01') + std::string(6, '\x05'));
  const auto none = ReadSamples(dataset, {}, corrupt);
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_TRUE(none->inputs[0].values.Validate().ok());
}

TEST(ReadSamplesTest, LeavesOutWhatIsCorruptAndNothingElse) {
  MemoryDataset dataset(kImage, {0, 1, 0});
  dataset.unreadable = 1;
  CorruptSamples one(1);
  EXPECT_EQ(ReadSamples(dataset, {0, 1, 2}, one).status().code(), absl::StatusCode::kInternal);
  dataset.failure = absl::DataLossError("1.jpg is truncated");
  const auto read = ReadSamples(dataset, {0, 1, 2}, one);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(read->ids, ElementsAre(0, 2));
  EXPECT_EQ(read->inputs[0].values.bytes.ToString(),
            std::string(6, '\x01') + std::string(6, '\x03'));
  CorruptSamples zero;
  EXPECT_EQ(ReadSamples(dataset, {1}, zero).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace distill
