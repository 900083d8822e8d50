#include "student_trainer/data/formats/idx_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>

#include "tests/student_trainer/testing/test_files.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::AllOf;
using testing::ErrorIs;
using ::testing::HasSubstr;

class IdxNamesTest : public ::testing::Test {
 protected:
  std::string Touch(const std::string& name) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    return folder_.Write(name, "");
  }

  // The names found in `below`: "IMAGES LABELS", relative to it.
  std::string Found(DataRole role, const std::string& below = "") const {
    const std::filesystem::path root = folder_ / below;
    const auto files = FindIdxFiles(root, role);
    if (!files.ok()) return std::string(files.status().message());
    if (!files->has_value()) return "none";
    const IdxFiles& found = **files;
    return absl::StrCat(std::filesystem::relative(found.images, root).string(), " ",
                        found.labels.has_value()
                            ? std::filesystem::relative(*found.labels, root).string()
                            : "unlabelled");
  }

  const TemporaryFolder folder_;
};

TEST_F(IdxNamesTest, MnistsOwnNamesAreFoundByRole) {
  for (const char* name : {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                           "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"}) {
    Touch(name);
  }
  EXPECT_EQ(Found(DataRole::kTrain), "train-images-idx3-ubyte train-labels-idx1-ubyte");
  EXPECT_EQ(Found(DataRole::kUnlabelled), "train-images-idx3-ubyte train-labels-idx1-ubyte");
  EXPECT_EQ(Found(DataRole::kTest), "t10k-images-idx3-ubyte.gz t10k-labels-idx1-ubyte.gz");
}

TEST_F(IdxNamesTest, WhatCopiesAndArchivesMakeOfTheNamesIsFound) {
  Touch("dots/train-images.idx3-ubyte");
  Touch("dots/train-labels.idx1-ubyte");
  EXPECT_EQ(Found(DataRole::kTrain, "dots"), "train-images.idx3-ubyte train-labels.idx1-ubyte");
  Touch("mixed/train-images-idx3-ubyte");
  Touch("mixed/train-labels.idx1-ubyte");
  EXPECT_EQ(Found(DataRole::kTrain, "mixed"), "train-images-idx3-ubyte train-labels.idx1-ubyte");
  Touch("upper/TRAIN_IMAGES_IDX3_UBYTE.GZ");
  Touch("upper/train-labels-idx1-ubyte");
  EXPECT_EQ(Found(DataRole::kTrain, "upper"), "TRAIN_IMAGES_IDX3_UBYTE.GZ train-labels-idx1-ubyte");
  Touch("folders/t10k-images-idx3-ubyte/t10k-images-idx3-ubyte");
  Touch("folders/t10k-labels-idx1-ubyte/t10k-labels-idx1-ubyte");
  EXPECT_EQ(Found(DataRole::kTest, "folders"),
            "t10k-images-idx3-ubyte/t10k-images-idx3-ubyte "
            "t10k-labels-idx1-ubyte/t10k-labels-idx1-ubyte");
  EXPECT_EQ(Found(DataRole::kTest, "folders/t10k-images-idx3-ubyte"),
            "t10k-images-idx3-ubyte ../t10k-labels-idx1-ubyte/t10k-labels-idx1-ubyte");
  Touch("emnist/emnist-digits-train-images-idx3-ubyte.gz");
  Touch("emnist/emnist-digits-train-labels-idx1-ubyte.gz");
  EXPECT_EQ(Found(DataRole::kTrain, "emnist"),
            "emnist-digits-train-images-idx3-ubyte.gz emnist-digits-train-labels-idx1-ubyte.gz");
}

TEST_F(IdxNamesTest, OfSeveralSetsTheUsualOneIsTakenAndOthersMustBeNamed) {
  Touch("emnist-digits-test-images-idx3-ubyte");
  Touch("emnist-letters-test-images-idx3-ubyte");
  EXPECT_THAT(FindIdxFiles(folder_.path(), DataRole::kTest),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      AllOf(HasSubstr("emnist-digits-test"), HasSubstr("emnist-letters-test"),
                            HasSubstr("name one of these files"))));
  Touch("t10k-images-idx3-ubyte");
  EXPECT_EQ(Found(DataRole::kTest), "t10k-images-idx3-ubyte unlabelled");
}

TEST_F(IdxNamesTest, LabelsOfAFileThatWasNamedAreFoundBesideIt) {
  const std::string images = Touch("my_images-idx3-ubyte");
  EXPECT_EQ(WithLabelsBeside(images).labels, std::nullopt);
  Touch("other-labels-idx1-ubyte");
  EXPECT_EQ(WithLabelsBeside(images).labels, std::nullopt);
  const std::string labels = Touch("my-labels.idx1-ubyte");
  EXPECT_EQ(WithLabelsBeside(images).labels, labels);
}

TEST_F(IdxNamesTest, OtherFilesAreNot) {
  for (const char* name : {"train-images-idx1-ubyte", "train-labels-idx3-ubyte", "train.png",
                           "train-images-idx3-ubyte.zip", "training-images-idx3-ubyte"}) {
    Touch(name);
  }
  EXPECT_EQ(Found(DataRole::kTrain), "none");
}

}  // namespace
}  // namespace distill
