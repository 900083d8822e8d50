#include "student_trainer/data/concat_dataset.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/student_trainer/data/memory_dataset.h"

namespace distill {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const InputSpec kConcatImage = {"image", DType::kUint8, {1, 2, 3}};

// A data set with names, and optionally with images of 8 x 9 pixels of value 200.
class NamedDataset : public MemoryDataset, public ImageSource {
 public:
  NamedDataset(std::vector<int64_t> labels, std::vector<std::string> names, bool has_images = false)
      : MemoryDataset(kConcatImage, std::move(labels)),
        names_(std::move(names)),
        has_(has_images) {}

  const std::vector<std::string>& class_names() const override { return names_; }
  const ImageSource* images() const override { return has_ ? this : nullptr; }
  absl::StatusOr<Image> Decode(int64_t index) const override {
    return Image{1, 8, 9, std::vector<uint8_t>(72, static_cast<uint8_t>(200 + index))};
  }

 private:
  const std::vector<std::string> names_;
  const bool has_;
};

std::unique_ptr<Dataset> Plain(std::vector<int64_t> labels, InputSpec input = kConcatImage) {
  return std::make_unique<MemoryDataset>(std::move(input), std::move(labels));
}

std::vector<int64_t> LabelsOf(const Dataset& dataset) {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < dataset.size(); ++i) labels.push_back(dataset.Label(i));
  return labels;
}

TEST(ConcatDatasetTest, SecondLiesBehindTheFirst) {
  const auto both = ConcatDatasets(Plain({0, 1}), Plain({2, 0, 4}), SecondLabels::kKept);
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_THAT(LabelsOf(**both), ElementsAre(0, 1, 2, 0, 4));
  EXPECT_EQ((*both)->classes(), 5);
  EXPECT_EQ((*both)->input(), kConcatImage);
  EXPECT_EQ((*both)->images(), nullptr);
  std::vector<uint8_t> sample(6);
  for (const auto& [index, value] : {std::pair(0, 1), {1, 2}, {2, 1}, {4, 3}}) {
    ASSERT_TRUE((*both)->Read(index, {absl::MakeSpan(sample)}).ok());
    EXPECT_THAT(sample, Each(value)) << index;
  }
}

TEST(ConcatDatasetTest, HiddenLabelsAndTheirClassesDoNotCount) {
  const auto both = ConcatDatasets(
      std::make_unique<NamedDataset>(std::vector<int64_t>{0, 1},
                                     std::vector<std::string>{"a", "b"}),
      std::make_unique<NamedDataset>(std::vector<int64_t>{2, 0, 4}, std::vector<std::string>{"x"}),
      SecondLabels::kHidden);
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_THAT(LabelsOf(**both), ElementsAre(0, 1, -1, -1, -1));
  EXPECT_EQ((*both)->classes(), 2);
  EXPECT_THAT((*both)->class_names(), ElementsAre("a", "b"));
}

TEST(ConcatDatasetTest, ImagesOfEitherPartAreDecoded) {
  const std::vector<std::string> names = {"a", "b"};
  const auto both = ConcatDatasets(
      Plain({0, 1}), std::make_unique<NamedDataset>(std::vector<int64_t>{0, 1}, names, true),
      SecondLabels::kKept);
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_THAT((*both)->class_names(), ElementsAre("a", "b"));
  ASSERT_NE((*both)->images(), nullptr);
  const auto stored = (*both)->images()->Decode(1);  // of the size of a sample
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->height, 2);
  EXPECT_EQ(stored->width, 3);
  EXPECT_THAT(stored->pixels, Each(2));
  const auto decoded = (*both)->images()->Decode(3);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->width, 9);
  EXPECT_THAT(decoded->pixels, Each(201));
}

TEST(ConcatDatasetTest, OtherInputsAreRefusedWithBoth) {
  const absl::Status status =
      ConcatDatasets(Plain({0}), Plain({0}, {"image", DType::kUint8, {3, 2, 3}}),
                     SecondLabels::kHidden)
          .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("uint8[3, 2, 3]"), HasSubstr("instead of image: uint8[1, 2, 3]")));
  EXPECT_TRUE(ConcatDatasets(Plain({0}), Plain({0}, {"input", DType::kUint8, {1, 2, 3}}),
                             SecondLabels::kHidden)
                  .ok());
}

TEST(ConcatDatasetTest, KeptLabelsOfOtherClassesAreRefused) {
  const std::vector<std::string> names = {"a", "b"};
  const auto named = [](std::vector<std::string> class_names) {
    return std::make_unique<NamedDataset>(std::vector<int64_t>{0, 1}, std::move(class_names));
  };
  const absl::Status other =
      ConcatDatasets(named({"a", "b"}), named({"a", "c"}), SecondLabels::kKept).status();
  EXPECT_EQ(other.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(other.message()), HasSubstr("\"c\""));
  const absl::Status more =
      ConcatDatasets(named({"a", "b"}), Plain({5}), SecondLabels::kKept).status();
  EXPECT_EQ(more.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(more.message()), HasSubstr("they name 2 classes of 6"));
}

}  // namespace
}  // namespace distill
