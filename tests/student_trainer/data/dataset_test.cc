#include "student_trainer/data/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/student_trainer/data/memory_dataset.h"

namespace distill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

MemoryDataset WithLabels(std::vector<int64_t> labels) {
  return {{"x", DType::kUint8, {1, 1, 2}}, std::move(labels)};
}

TEST(DatasetTest, AllSamplesAreItsIndicesInOrder) {
  EXPECT_THAT(AllSamples(WithLabels({5, 5, 5})), ElementsAre(0, 1, 2));
  EXPECT_THAT(AllSamples(WithLabels({})), IsEmpty());
}

TEST(DatasetTest, AllLabelsKeepWhatHasNoLabel) {
  EXPECT_THAT(AllLabels(WithLabels({2, kNoLabel, 0})), ElementsAre(2, kNoLabel, 0));
}

}  // namespace
}  // namespace distill
