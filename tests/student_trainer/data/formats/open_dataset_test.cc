#include "student_trainer/data/formats/open_dataset.h"

#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/student_trainer/testing/test_files.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

std::string PixelsOf(const Dataset& dataset, int64_t index) {
  std::string pixels(6, '\0');
  EXPECT_TRUE(dataset
                  .Read(index, {absl::Span<uint8_t>{reinterpret_cast<uint8_t*>(pixels.data()),
                                                    pixels.size()}})
                  .ok());
  return pixels;
}

class OpenDatasetTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Dataset>> OpenFolder(DataRole role = DataRole::kTrain) const {
    return OpenDataset({folder_.path().string(), role, {}});
  }

  const TemporaryFolder folder_{};
};

TEST_F(OpenDatasetTest, FolderGivesTheFilesOfTheRole) {
  folder_.Write("train-images-idx3-ubyte.gz", Gzip(ImagesFile(3)));
  folder_.Write("train-labels-idx1-ubyte.gz", Gzip(LabelsFile({4, 0, 2})));
  folder_.Write("t10k-images-idx3-ubyte", ImagesFile(2));
  folder_.Write("t10k-labels-idx1-ubyte", LabelsFile({1, 0}));

  const auto train = OpenFolder(DataRole::kTrain);
  ASSERT_TRUE(train.ok()) << train.status();
  EXPECT_EQ((*train)->size(), 3);
  EXPECT_EQ((*train)->input(), (InputSpec{"image", DType::kUint8, {1, 2, 3}}));
  EXPECT_EQ((*train)->classes(), 5);
  EXPECT_THAT((*train)->class_names(), IsEmpty());
  EXPECT_EQ((*train)->Label(0), 4);
  EXPECT_EQ(PixelsOf(**train, 2), Counting(18).substr(12));

  const auto test = OpenFolder(DataRole::kTest);
  ASSERT_TRUE(test.ok()) << test.status();
  EXPECT_EQ((*test)->size(), 2);
  EXPECT_EQ((*test)->classes(), 2);
}

TEST_F(OpenDatasetTest, PlainFilesComeBeforeGzippedOnes) {
  folder_.Write("train-images-idx3-ubyte", ImagesFile(3));
  folder_.Write("train-images-idx3-ubyte.gz", Gzip(ImagesFile(2)));
  folder_.Write("train-labels-idx1-ubyte", LabelsFile({0, 0, 7}));
  folder_.Write("train-labels-idx1-ubyte.gz", Gzip(LabelsFile({0, 1})));
  const auto dataset = OpenFolder();
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->size(), 3);
  EXPECT_EQ((*dataset)->classes(), 8);
}

TEST_F(OpenDatasetTest, ImagesWithChannelsAreFoundAndLabelled) {
  folder_.Write("t10k-images-idx4-ubyte.gz", Gzip(Idx(0x00000804, {2, 3, 1, 2}, Counting(12))));
  folder_.Write("t10k-labels-idx1-ubyte", LabelsFile({1, 0}));
  const auto dataset = OpenFolder(DataRole::kTest);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->input().shape, (Shape{3, 1, 2}));
  EXPECT_EQ((*dataset)->Label(0), 1);
}

TEST_F(OpenDatasetTest, FolderWithoutImagesIsNotFoundWithWhatWasLookedFor) {
  folder_.Write("train-images-idx3-ubyte", ImagesFile(3));
  const absl::Status status = OpenFolder(DataRole::kTest).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(
      Message(status),
      AllOf(HasSubstr(folder_.path().string()), HasSubstr("t10k-images-idx3-ubyte, "),
            HasSubstr("t10k-images-idx3-ubyte.gz"), HasSubstr("t10k-images-idx4-ubyte.gz")));
}

TEST_F(OpenDatasetTest, MissingPathIsNotFound) {
  const absl::Status status = OpenDataset({(folder_.path() / "nowhere").string()}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(status), HasSubstr("nowhere: no such file or folder"));
}

TEST_F(OpenDatasetTest, FileOfUnknownFormatIsToldWithTheKnownOnes) {
  for (const char* contents : {"", "a", "PK\x03\x04", "\x93NUMPY"}) {
    const absl::Status status = OpenDataset({folder_.Write("train.npy", contents)}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(Message(status), AllOf(HasSubstr("train.npy"), HasSubstr("IDX"), HasSubstr(".bin"),
                                       HasSubstr(".safetensors"), HasSubstr("folder")));
  }
}

TEST_F(OpenDatasetTest, DeviceIsNeitherFileNorFolder) {
  EXPECT_EQ(OpenDataset({"/dev/null"}).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(OpenDatasetTest, AFolderWithTheNameOfAFileIsLookedInto) {
  std::filesystem::create_directory(folder_.path() / "train-images-idx3-ubyte");
  EXPECT_EQ(OpenFolder().status().code(), absl::StatusCode::kNotFound);
  folder_.Write("train-images-idx3-ubyte/train-images-idx3-ubyte", ImagesFile(2));
  folder_.Write("train-labels-idx1-ubyte", LabelsFile({0, 1}));
  const auto dataset = OpenFolder();
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->Label(1), 1);
}

TEST_F(OpenDatasetTest, FilesOneOrTwoFoldersBelowAreFoundIfThereIsOneSet) {
  std::filesystem::create_directories(folder_.path() / "MNIST" / "raw");
  folder_.Write("MNIST/raw/train-images-idx3-ubyte", ImagesFile(3));
  for (const char* where : {"", "MNIST"}) {
    const auto dataset = OpenDataset({(folder_.path() / where).string()});
    ASSERT_TRUE(dataset.ok()) << dataset.status();
    EXPECT_EQ((*dataset)->size(), 3);
    EXPECT_THAT((*dataset)->notes(), ElementsAre(HasSubstr("so its samples are unlabelled")));
  }
  std::filesystem::create_directories(folder_.path() / "MNIST" / "small");
  folder_.Write("MNIST/small/train-images-idx3-ubyte", ImagesFile(1));
  const absl::Status status = OpenFolder().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(status), AllOf(HasSubstr("MNIST/raw"), HasSubstr("MNIST/small"),
                                     HasSubstr("name one of them")));
}

TEST_F(OpenDatasetTest, ImagesWithoutLabelsAreUnlabelled) {
  folder_.Write("other-labels-idx1-ubyte", LabelsFile({1, 2, 3}));
  for (const char* name : {"crawled-images-idx3-ubyte", "pictures"}) {
    const auto dataset = OpenDataset({folder_.Write(name, ImagesFile(3))});
    ASSERT_TRUE(dataset.ok()) << dataset.status();
    EXPECT_EQ((*dataset)->Label(2), kNoLabel);
    EXPECT_EQ((*dataset)->classes(), 0);
  }
}

TEST_F(OpenDatasetTest, LabelsOfAnotherNumberAreRefusedWithBoth) {
  folder_.Write("train-images-idx3-ubyte", ImagesFile(3));
  folder_.Write("train-labels-idx1-ubyte", LabelsFile({1, 2}));
  const absl::Status status = OpenFolder().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(status), AllOf(HasSubstr("holds 2 labels"), HasSubstr("holds 3 images")));
}

TEST_F(OpenDatasetTest, NoSamplesOrEmptyOnesAreRefused) {
  for (const std::vector<uint32_t>& shape : {std::vector<uint32_t>{0, 2, 3}, {4, 0, 3}}) {
    const absl::Status status =
        OpenDataset({folder_.Write("images", Idx(0x00000803, shape, ""))}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(Message(status), HasSubstr("hold nothing"));
  }
}

TEST_F(OpenDatasetTest, ReadsOutsideTheDataAreRefused) {
  const auto dataset = OpenDataset({folder_.Write("images", ImagesFile(3))});
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  std::vector<uint8_t> sample(6), longer(7);
  EXPECT_TRUE((*dataset)->Read(2, {absl::MakeSpan(sample)}).ok());
  EXPECT_EQ((*dataset)->Read(3, {absl::MakeSpan(sample)}).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ((*dataset)->Read(-1, {absl::MakeSpan(sample)}).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ((*dataset)->Read(0, {absl::MakeSpan(longer)}).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(OpenDatasetTest, ClassNamesComeFromBesideTheDataUnlessGiven) {
  const std::string images = folder_.Write("train-images-idx3-ubyte", ImagesFile(3));
  folder_.Write("train-labels-idx1-ubyte", LabelsFile({1, 0, 1}));
  folder_.Write("class_names.txt", "cat\r\nsea gull \ndog\n\n");
  const auto beside = OpenDataset({images});
  ASSERT_TRUE(beside.ok()) << beside.status();
  EXPECT_THAT((*beside)->class_names(), ElementsAre("cat", "sea gull", "dog"));
  EXPECT_EQ((*beside)->classes(), 3);
  const auto given = OpenDataset({images, DataRole::kTrain, {"a", "b"}});
  ASSERT_TRUE(given.ok()) << given.status();
  EXPECT_THAT((*given)->class_names(), ElementsAre("a", "b"));
}

TEST_F(OpenDatasetTest, LabelBeyondTheClassNamesIsRefusedWithItsIndex) {
  folder_.Write("train-images-idx3-ubyte", ImagesFile(3));
  folder_.Write("train-labels-idx1-ubyte", LabelsFile({1, 2, 0}));
  folder_.Write("class_names.txt", "cat\ndog\n");
  const absl::Status status = OpenFolder().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(status),
              HasSubstr("the label of sample 1 is 2; must be 0 to 1, as there are 2 class names"));
}

TEST_F(OpenDatasetTest, BadClassNamesAreRefusedWithTheirNumber) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ": it holds no class names"},
      {"\n\n", ": it holds no class names"},
      {"cat\n\ndog\n", "class name 2 of 3 is empty"},
      {"cat\ndog\ncat\n", "class name 3 of 3 repeats \"cat\""},
      {"cat\n\xff\xfe\n", "class name 2 of 2 is not UTF-8"},
  };
  for (const auto& [contents, message] : cases) {
    const absl::Status status = ReadClassNames(folder_.Write("class_names.txt", contents)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << message;
    EXPECT_THAT(Message(status),
                AllOf(HasSubstr(message), HasSubstr("class_names.txt"), testing::FollowsGrammar()));
  }
  const std::string images = folder_.Write("images", ImagesFile(1));
  EXPECT_EQ(OpenDataset({images, DataRole::kTrain, {"a", "a"}}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(FashionMnistTest, DebiansPackageOpens) {
  const std::string path = "/usr/share/datasets/fashion-mnist";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "dataset-fashion-mnist is not installed";
  for (const auto& [role, size] : {std::pair(DataRole::kTrain, 60000), {DataRole::kTest, 10000}}) {
    const auto dataset = OpenDataset({path, role, {}});
    ASSERT_TRUE(dataset.ok()) << dataset.status();
    EXPECT_EQ((*dataset)->size(), size);
    EXPECT_EQ((*dataset)->classes(), 10);
    EXPECT_EQ((*dataset)->input().shape, (Shape{1, 28, 28}));
    std::vector<int64_t> counts(10);
    for (int64_t i = 0; i < size; ++i) ++counts[static_cast<size_t>((*dataset)->Label(i))];
    EXPECT_THAT(counts, ::testing::Each(size / 10));
  }
}

}  // namespace
}  // namespace distill
