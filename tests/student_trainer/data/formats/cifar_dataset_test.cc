#include "student_trainer/data/formats/cifar_dataset.h"

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "student_trainer/data/formats/open_dataset.h"
#include "tests/student_trainer/testing/test_files.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Returns the bytes of image number `n`: n, n+1, n+2, …
std::string ImageBytes(int n) {
  std::string bytes = Counting(3072);
  for (char& byte : bytes) byte = static_cast<char>(byte + n);
  return bytes;
}

// Returns a file with one record per label; images count from `first`.
std::string Cifar10(const std::vector<uint8_t>& labels, int first = 0) {
  std::string file;
  for (const uint8_t label : labels) {
    file.push_back(static_cast<char>(label));
    file += ImageBytes(first++);
  }
  return file;
}

std::string Cifar100(const std::vector<uint8_t>& fine_labels) {
  std::string file;
  int image = 0;
  for (const uint8_t label : fine_labels) {
    file.push_back(19);  // coarse
    file.push_back(static_cast<char>(label));
    file += ImageBytes(image++);
  }
  return file;
}

std::string SamplePixels(const Dataset& dataset, int64_t index) {
  std::string pixels(3072, '\0');
  const absl::Status status = dataset.Read(
      index, {absl::Span<uint8_t>{reinterpret_cast<uint8_t*>(pixels.data()), pixels.size()}});
  EXPECT_TRUE(status.ok()) << status;
  return pixels;
}

class CifarDatasetTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Dataset>> Open(const std::string& name, DataRole role) const {
    return OpenDataset({.path = (folder_.path() / name).string(), .role = role});
  }

  std::string Refusal(const std::string& name, DataRole role = DataRole::kTrain) const {
    const absl::Status status = Open(name, role).status();
    EXPECT_FALSE(status.ok());
    const std::string message(status.message());
    EXPECT_THAT(message, testing::FollowsGrammar());
    return message;
  }

  void WriteTrainingBatches(int count) const {
    for (int i = 1; i <= count; ++i) {
      folder_.Write(absl::StrCat("data_batch_", i, ".bin"),
                    Cifar10({static_cast<uint8_t>(i), 0}, 10 * i));
    }
  }

  const TemporaryFolder folder_{};
};

TEST_F(CifarDatasetTest, Cifar10JoinsTheTrainingBatchesInOrder) {
  WriteTrainingBatches(5);
  folder_.Write("test_batch.bin", Cifar10({9}));
  folder_.Write("batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
  const auto train = Open("", DataRole::kTrain);
  ASSERT_TRUE(train.ok()) << train.status();
  EXPECT_EQ((*train)->size(), 10);
  EXPECT_EQ((*train)->input(), (InputSpec{"image", DType::kUint8, {3, 32, 32}}));
  EXPECT_EQ((*train)->classes(), 10);
  EXPECT_EQ((*train)->class_names().back(), "j");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ((*train)->Label(2 * i), i + 1);
    EXPECT_EQ((*train)->Label(2 * i + 1), 0);
    EXPECT_EQ(SamplePixels(**train, 2 * i), ImageBytes(10 * (i + 1)));
    EXPECT_EQ(SamplePixels(**train, 2 * i + 1), ImageBytes(10 * (i + 1) + 1));
  }
  const auto test = Open("", DataRole::kTest);
  ASSERT_TRUE(test.ok()) << test.status();
  EXPECT_EQ((*test)->size(), 1);
  EXPECT_EQ((*test)->Label(0), 9);
}

TEST_F(CifarDatasetTest, Cifar100UsesFineLabels) {
  folder_.Write("train.bin", Cifar100({7, 99}));
  folder_.Write("test.bin", Cifar100({5}));
  const auto train = Open("", DataRole::kTrain);
  ASSERT_TRUE(train.ok()) << train.status();
  EXPECT_EQ((*train)->Label(0), 7);
  EXPECT_EQ((*train)->Label(1), 99);
  EXPECT_EQ((*train)->classes(), 100);
  EXPECT_EQ(SamplePixels(**train, 1), ImageBytes(1));
  const auto test = Open("", DataRole::kTest);
  ASSERT_TRUE(test.ok()) << test.status();
  EXPECT_EQ((*test)->Label(0), 5);
  folder_.Write("fine_label_names.txt", "apple\nbear\n");
  EXPECT_THAT(Refusal("", DataRole::kTest),
              HasSubstr("the label of sample 0 is 5; must be 0 to 1, as there are 2 class names"));
}

TEST_F(CifarDatasetTest, SingleFileIsKnownByItsSize) {
  folder_.Write("some.bin", Cifar10({3, 4}));
  folder_.Write("other.bin", Cifar100({42}));
  const auto some = Open("some.bin", DataRole::kTrain);
  ASSERT_TRUE(some.ok()) << some.status();
  EXPECT_EQ((*some)->size(), 2);
  EXPECT_EQ((*some)->Label(1), 4);
  const auto other = Open("other.bin", DataRole::kTest);
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ((*other)->Label(0), 42);
}

TEST_F(CifarDatasetTest, NameDecidesWhereTheSizeFitsBoth) {
  const std::string both(size_t{3073} * 3074, '\0');
  for (const auto& [name, size] : {std::pair("train.bin", 3073), {"data_batch_1.bin", 3074}}) {
    folder_.Write(name, both);
    const auto dataset = Open(name, DataRole::kTrain);
    ASSERT_TRUE(dataset.ok()) << dataset.status();
    EXPECT_EQ((*dataset)->size(), size);
  }
}

TEST_F(CifarDatasetTest, SizeThatFitsNeitherIsToldWithBoth) {
  for (const std::string& contents :
       {std::string(), Cifar10({1}).substr(1), Cifar10({1}) + "abc"}) {
    folder_.Write("train.bin", contents);
    EXPECT_THAT(Refusal("train.bin"), AllOf(HasSubstr("train.bin: the number of bytes is "),
                                            HasSubstr("3073"), HasSubstr("3074")));
  }
}

TEST_F(CifarDatasetTest, LabelBeyondTheClassesIsRefusedWithItsIndex) {
  folder_.Write("data_batch_1.bin", Cifar10({1, 10}));
  EXPECT_THAT(Refusal("data_batch_1.bin"),
              AllOf(HasSubstr("the label of sample 1 is 10"),
                    HasSubstr("must be 0 to 9, as there are 10 classes at most")));
  folder_.Write("train.bin", Cifar100({100}));
  EXPECT_THAT(Refusal("train.bin"), HasSubstr("the label of sample 0 is 100"));
}

TEST_F(CifarDatasetTest, MissingTrainingBatchIsNamed) {
  WriteTrainingBatches(4);
  EXPECT_THAT(Refusal(""), HasSubstr("data_batch_5.bin is missing beside data_batch_1.bin"));
  EXPECT_EQ(Open("", DataRole::kTrain).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(CifarDatasetTest, BatchesOfBothKindsAreRefused) {
  WriteTrainingBatches(5);
  folder_.Write("data_batch_3.bin", Cifar100({1}));
  EXPECT_THAT(Refusal(""), HasSubstr("data_batch_3.bin: it has records of 3074 bytes"));
}

TEST_F(CifarDatasetTest, FileThatBecameShorterIsNamedWhenRead) {
  const std::string path = folder_.Write("some.bin", Cifar10({3, 4}));
  const auto dataset = Open("some.bin", DataRole::kTrain);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  std::filesystem::resize_file(path, 4000);
  std::vector<uint8_t> image(3072);
  EXPECT_TRUE((*dataset)->Read(0, {absl::MakeSpan(image)}).ok());
  const absl::Status status = (*dataset)->Read(1, {absl::MakeSpan(image)});
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("some.bin: it has become shorter"));
}

TEST_F(CifarDatasetTest, GivenClassNamesGoBeforeTheFile) {
  folder_.Write("some.bin", Cifar10({1, 0}));
  folder_.Write("batches.meta.txt", "a\nb\n");
  const auto dataset =
      OpenDataset({.path = (folder_.path() / "some.bin").string(), .class_names = {"x", "y", "z"}});
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_THAT((*dataset)->class_names(), ElementsAre("x", "y", "z"));
  EXPECT_EQ((*dataset)->classes(), 3);
}

}  // namespace
}  // namespace distill
