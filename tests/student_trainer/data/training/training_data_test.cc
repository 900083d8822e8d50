#include "student_trainer/data/training/training_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/student_trainer/testing/test_files.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

class TrainingDataTest : public ::testing::Test {
 protected:
  TrainingDataTest() { options_.train = WriteImages("data", 20, 2, 3); }

  // A folder with `count` images of height x width pixels, both as training and as test set, with
  // the labels 0, 1, 2, 0, …
  std::string WriteImages(const std::string& name, uint32_t count, uint32_t height,
                          uint32_t width) const {
    std::filesystem::create_directory(dir_ / name);
    std::vector<uint8_t> labels;
    for (uint32_t i = 0; i < count; ++i) labels.push_back(static_cast<uint8_t>(i % 3));
    for (const char* role : {"train", "t10k"}) {
      dir_.Write(absl::StrCat(name, "/", role, "-images-idx3-ubyte"),
                 Idx(0x803, {count, height, width}, Counting(size_t{count} * height * width)));
      dir_.Write(absl::StrCat(name, "/", role, "-labels-idx1-ubyte"), LabelsFile(labels));
    }
    return (dir_ / name).string();
  }

  const TemporaryFolder dir_;
  TrainingDataOptions options_;
};

TEST_F(TrainingDataTest, APartIsHeldOutWhereThereIsNoValidationSet) {
  options_.split.val_count = 6;
  const auto data = OpenTrainingData(options_);
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(&data->validation(), data->train.get());
  EXPECT_EQ(data->validation_samples().size(), 6u);
  EXPECT_EQ(data->training_samples(TrainingData::Use::kAll).size(), 14u);
  EXPECT_EQ(&data->corrupt_in_validation(), data->corrupt_train.get());
  EXPECT_EQ(data->test, nullptr);
}

TEST_F(TrainingDataTest, WithAValidationSetNothingIsHeldOut) {
  options_.val = WriteImages("val", 5, 2, 3);
  const auto data = OpenTrainingData(options_);
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(&data->validation(), data->separate_validation.get());
  EXPECT_THAT(data->validation_samples(), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_EQ(data->training_samples(TrainingData::Use::kAll).size(), 20u);
  EXPECT_EQ(&data->corrupt_in_validation(), data->corrupt_validation.get());
}

TEST_F(TrainingDataTest, TheTransferSetStandsBehindTheTrainingSetWithoutItsLabels) {
  options_.unlabelled = WriteImages("more", 4, 2, 3);
  options_.split.val_count = 0;
  const auto data = OpenTrainingData(options_);
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(data->train->size(), 24);
  EXPECT_EQ(data->training_samples(TrainingData::Use::kLabelledOnly).size(), 20u);
  EXPECT_EQ(data->training_samples(TrainingData::Use::kAll).size(), 24u);
  EXPECT_THAT(data->split.unlabelled, ElementsAre(20, 21, 22, 23));
}

TEST_F(TrainingDataTest, SamplesOfBothUsesAreAscending) {
  options_.split.val_count = 0;
  options_.split.label_count = 6;
  const auto data = OpenTrainingData(options_);
  ASSERT_THAT(data, IsOk());
  const auto all = data->training_samples(TrainingData::Use::kAll);
  EXPECT_EQ(all.size(), 20u);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  EXPECT_EQ(data->training_samples(TrainingData::Use::kLabelledOnly).size(), 6u);
}

TEST_F(TrainingDataTest, WhatIsCorruptIsCountedOverAllSets) {
  options_.val = options_.test = WriteImages("other", 5, 2, 3);
  options_.max_corrupt = 10;
  const auto data = OpenTrainingData(options_);
  ASSERT_THAT(data, IsOk());
  for (CorruptSamples* corrupt :
       {data->corrupt_train.get(), data->corrupt_validation.get(), data->corrupt_test.get()}) {
    EXPECT_THAT(corrupt->Report(3, absl::DataLossError("not an image")), IsOk());
  }
  EXPECT_EQ(data->corrupt_samples(), 3);
}

TEST_F(TrainingDataTest, SetsThatDoNotFitTogetherAreNamed) {
  const std::string larger = WriteImages("larger", 5, 4, 4);
  options_.test = larger;
  EXPECT_THAT(OpenTrainingData(options_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("test"), HasSubstr("[1, 4, 4]"), HasSubstr("[1, 2, 3]"))));
  options_.test.clear();
  options_.val = larger;
  EXPECT_THAT(OpenTrainingData(options_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("val")));
  options_.val.clear();
  options_.unlabelled = larger;
  EXPECT_THAT(OpenTrainingData(options_).status().message(), HasSubstr("unlabelled"));
}

TEST_F(TrainingDataTest, WhatCannotBeOpenedIsNamed) {
  options_.test = (dir_ / "none").string();
  EXPECT_THAT(OpenTrainingData(options_),
              StatusIs(absl::StatusCode::kNotFound, AllOf(HasSubstr("test"), HasSubstr("none"))));
  options_.test.clear();
  options_.class_names = (dir_ / "names").string();
  EXPECT_THAT(OpenTrainingData(options_),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("class_names")));
}

TEST_F(TrainingDataTest, ClassesOfAFileAreThoseOfTheData) {
  options_.class_names = dir_.Write("names", "ant\nbee\ncat\n");
  const auto data = OpenTrainingData(options_);
  ASSERT_THAT(data, IsOk());
  EXPECT_THAT(data->train->class_names(), ElementsAre("ant", "bee", "cat"));
}

}  // namespace
}  // namespace distill
