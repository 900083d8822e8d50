#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "student_trainer/data/formats/open_dataset.h"
#include "tests/student_trainer/data/images/encoded_images.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string PngOf(int height, int width, uint8_t value) {
  return Png(Pixels{height, width, 3, std::vector<uint8_t>(size_t{3} * height * width, value)});
}

// Gives what is asked for, in the first pixel's value.
absl::StatusOr<Image> FillingResizer(const Image& image, const Box&, int64_t height,
                                     int64_t width) {
  const auto size = static_cast<size_t>(image.channels * height * width);
  return Image{image.channels, height, width, std::vector<uint8_t>(size, image.pixels[0])};
}

std::vector<uint8_t> Read(const Dataset& dataset, int64_t index) {
  std::vector<uint8_t> pixels(*ByteSize(dataset.input().dtype, dataset.input().shape));
  const absl::Status status = dataset.Read(index, {absl::MakeSpan(pixels)});
  EXPECT_TRUE(status.ok()) << status;
  return pixels;
}

class ImageFolderTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& contents) const {
    std::filesystem::create_directories((folder_.path() / name).parent_path());
    return folder_.Write(name, contents);
  }

  void MakeFolder(const std::string& name) const {
    std::filesystem::create_directories(folder_.path() / name);
  }

  DataOptions Options() const { return {.path = folder_.path().string()}; }

  std::string Refusal(const DataOptions& options, absl::StatusCode code) const {
    const absl::Status status = OpenDataset(options).status();
    EXPECT_EQ(status.code(), code) << status;
    const std::string message(status.message());
    EXPECT_THAT(message, testing::FollowsGrammar());
    return message;
  }

  const TemporaryFolder folder_{};
};

TEST_F(ImageFolderTest, FoldersAreClassesInTheOrderOfTheirNames) {
  Write("dog/b.png", PngOf(4, 4, 3));
  Write("dog/a.PNG", PngOf(4, 4, 2));
  Write("cat/z.jpeg", Jpeg(Gradient(4, 4, 3)));
  Write("cat/y.JPG", Jpeg(Gradient(4, 4, 3)));
  Write("owl/o.png", PngOf(4, 4, 4));
  const auto dataset = OpenDataset(Options());
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_THAT((*dataset)->class_names(), ElementsAre("cat", "dog", "owl"));
  EXPECT_EQ((*dataset)->classes(), 3);
  EXPECT_EQ((*dataset)->input(), (InputSpec{"image", DType::kUint8, {3, 4, 4}}));
  ASSERT_EQ((*dataset)->size(), 5);
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < 5; ++i) labels.push_back((*dataset)->Label(i));
  EXPECT_THAT(labels, ElementsAre(0, 0, 1, 1, 2));
  EXPECT_THAT(Read(**dataset, 2), Each(2));
  EXPECT_THAT(Read(**dataset, 3), Each(3));
  EXPECT_THAT(Read(**dataset, 4), Each(4));
}

TEST_F(ImageFolderTest, FoldersBelowAClassAreWalkedAndHiddenOnesLeftOut) {
  Write("cat/2020/may/a.png", PngOf(2, 2, 1));
  Write("cat/b.png", PngOf(2, 2, 2));
  Write("cat/.b.png", "");
  Write("cat/.thumbnails/b.png", "");
  Write(".cache/c.png", "");
  Write("cat/notes.txt", "");
  Write("README.md", "");
  const auto dataset = OpenDataset(Options());
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_THAT((*dataset)->class_names(), ElementsAre("cat"));
  ASSERT_EQ((*dataset)->size(), 2);
  EXPECT_THAT(Read(**dataset, 0), Each(1));
  EXPECT_THAT(Read(**dataset, 1), Each(2));
}

TEST_F(ImageFolderTest, EmptyClassFolderIsRefusedUnlessItsClassIsNamed) {
  MakeFolder("ape");
  Write("bee/a.png", PngOf(2, 2, 1));
  Write("cow/a.webp", "");
  Write("cow/b.WEBP", "");
  Write("cow/b.txt", "");
  Write("dog/a.png", PngOf(2, 2, 1));
  EXPECT_THAT(Refusal(Options(), absl::StatusCode::kInvalidArgument),
              AllOf(HasSubstr("ape: the class folder has no image"), HasSubstr("`class_names`")));
  std::filesystem::remove(folder_ / "ape");
  EXPECT_THAT(
      Refusal(Options(), absl::StatusCode::kInvalidArgument),
      HasSubstr("cow: the class folder has no image that can be read, only 2 .webp, 1 .txt"));
  DataOptions options = Options();
  options.class_names = {"ape", "bee", "cow", "dog"};
  const auto dataset = OpenDataset(options);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->classes(), 4);
  EXPECT_EQ((*dataset)->Label(0), 1);
  EXPECT_EQ((*dataset)->Label(1), 3);
}

TEST_F(ImageFolderTest, LeftoversAreNoClassesAndNoSamples) {
  Write("cat/a.png", PngOf(2, 2, 1));
  Write("cat/@eaDir/a.png/SYNOPHOTO_THUMB_M.jpg", "");
  Write("dog/a.png", PngOf(2, 2, 1));
  Write("__MACOSX/cat/._a.png", "");
  Write("__MACOSX/cat/b.png", "");
  MakeFolder("lost+found");
  MakeFolder("$RECYCLE.BIN");
  MakeFolder("System Volume Information");
  MakeFolder("__pycache__");
  Write("Thumbs.db", "");
  const auto dataset = OpenDataset(Options());
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_THAT((*dataset)->class_names(), ElementsAre("cat", "dog"));
  EXPECT_EQ((*dataset)->size(), 2);
  EXPECT_THAT((*dataset)->notes(), IsEmpty());
}

TEST_F(ImageFolderTest, FilesPassedOverAreCountedByTheirEnding) {
  Write("cat/a.jfif", Jpeg(Gradient(2, 2, 3)));
  Write("cat/b.JPE", Jpeg(Gradient(2, 2, 3)));
  Write("cat/c.webp", "");
  Write("cat/more/d.webp", "");
  Write("README", "");
  Write("dog/e.png", PngOf(2, 2, 1));
  const auto dataset = OpenDataset(Options());
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->size(), 3);
  EXPECT_THAT((*dataset)->notes(),
              ElementsAre(HasSubstr("3 files are passed over, as they are not .jpg, .jpeg, .jpe, "
                                    ".jfif or .png (2 .webp, 1 file without an ending)")));
}

TEST_F(ImageFolderTest, TheOnlyFolderThatHoldsTheClassesIsNamed) {
  Write("seg_train/cat/a.png", PngOf(2, 2, 1));
  Write("seg_train/dog/b.png", PngOf(2, 2, 1));
  EXPECT_THAT(Refusal(Options(), absl::StatusCode::kInvalidArgument),
              AllOf(HasSubstr("its only folder is seg_train, which holds the folders cat, dog"),
                    HasSubstr("name " + (folder_ / "seg_train").string())));
  DataOptions options = Options();
  options.class_names = {"seg_train"};
  EXPECT_TRUE(OpenDataset(options).ok());
}

TEST_F(ImageFolderTest, OneFileThatIsPassedOverIsToldOfInTheSingular) {
  Write("cat/a.png", PngOf(2, 2, 1));
  Write("cat/b.webp", "");
  const auto dataset = OpenDataset(Options());
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_THAT((*dataset)->notes(), ElementsAre(HasSubstr("1 file is passed over, as it is not")));
}

TEST_F(ImageFolderTest, TheFolderThatHoldsTheClassesIsNamedHoweverDeepItIs) {
  Write("seg_train/seg_train/cat/a.png", PngOf(2, 2, 1));
  Write("seg_train/seg_train/dog/b.png", PngOf(2, 2, 1));
  EXPECT_THAT(
      Refusal(Options(), absl::StatusCode::kInvalidArgument),
      AllOf(HasSubstr("its only folder is seg_train/seg_train, which holds the folders cat, dog"),
            HasSubstr("name " + (folder_ / "seg_train/seg_train").string() + " if")));
  Write("seg_train/seg_train/cat/more/c.png", PngOf(2, 2, 1));
  DataOptions options = Options();
  options.path = (folder_ / "seg_train/seg_train").string();
  EXPECT_TRUE(OpenDataset(options).ok());
}

TEST_F(ImageFolderTest, FoldersOfOneClassMayNest) {
  Write("cat/2020/may/a.png", PngOf(2, 2, 1));
  const auto dataset = OpenDataset(Options());
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_THAT((*dataset)->class_names(), ElementsAre("cat"));
}

TEST_F(ImageFolderTest, PartsInTheOnlyFolderAreNamed) {
  Write("coco/train2017/a.png", PngOf(2, 2, 1));
  Write("coco/val2017/b.png", PngOf(2, 2, 1));
  EXPECT_THAT(
      Refusal(Options(), absl::StatusCode::kInvalidArgument),
      AllOf(HasSubstr((folder_ / "coco").string() + ": it holds the folders train2017, "
                                                    "val2017, which would be taken for classes"),
            HasSubstr("such as " + (folder_ / "coco/train2017").string())));
}

TEST_F(ImageFolderTest, ImagesWithTheirMasksAreTakenForClassesWithANote) {
  Write("images/a.png", PngOf(2, 2, 1));
  Write("masks/a.png", PngOf(2, 2, 1));
  const auto dataset = OpenDataset(Options());
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_THAT((*dataset)->notes(),
              ElementsAre(HasSubstr("its folders images, masks are taken for classes")));
  DataOptions named = Options();
  named.class_names = {"images", "masks"};
  EXPECT_THAT((*OpenDataset(named))->notes(), IsEmpty());
}

TEST_F(ImageFolderTest, AnUnlabelledFolderIsEveryImageBelowIt) {
  Write("b.png", PngOf(2, 2, 2));
  Write("train/cat/a.png", PngOf(2, 2, 1));
  Write("test/c.png", PngOf(2, 2, 3));
  MakeFolder("empty");
  DataOptions options = Options();
  options.role = DataRole::kUnlabelled;
  const auto dataset = OpenDataset(options);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  ASSERT_EQ((*dataset)->size(), 3);
  EXPECT_EQ((*dataset)->classes(), 0);
  EXPECT_EQ((*dataset)->Label(2), kNoLabel);
  EXPECT_THAT(Read(**dataset, 0), Each(2));
  EXPECT_THAT(Read(**dataset, 1), Each(3));
}

TEST_F(ImageFolderTest, FlatFolderIsUnlabelled) {
  Write("b.png", PngOf(2, 2, 2));
  Write("a.png", PngOf(2, 2, 1));
  MakeFolder("empty");
  const auto dataset = OpenDataset(Options());
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  ASSERT_EQ((*dataset)->size(), 2);
  EXPECT_EQ((*dataset)->Label(1), kNoLabel);
  EXPECT_EQ((*dataset)->classes(), 0);
  EXPECT_THAT((*dataset)->class_names(), IsEmpty());
  EXPECT_THAT(Read(**dataset, 0), Each(1));
}

TEST_F(ImageFolderTest, ImagesBesideClassFoldersAreRefused) {
  Write("cat/a.png", PngOf(2, 2, 1));
  Write("loose.png", PngOf(2, 2, 1));
  EXPECT_THAT(Refusal(Options(), absl::StatusCode::kInvalidArgument),
              AllOf(HasSubstr("it holds 1 image such as loose.png"), HasSubstr("such as cat"),
                    HasSubstr("unlabelled")));
}

TEST_F(ImageFolderTest, FolderOfTrainAndTestIsRefusedWithWhatToName) {
  Write("train/cat/a.png", PngOf(2, 2, 1));
  Write("val/cat/b.png", PngOf(2, 2, 1));
  EXPECT_THAT(Refusal(Options(), absl::StatusCode::kInvalidArgument),
              AllOf(HasSubstr("train, val"), HasSubstr("name one of them"),
                    HasSubstr((folder_.path() / "train").string())));
  Write("bus/c.png", PngOf(2, 2, 1));
  EXPECT_THAT(Refusal(Options(), absl::StatusCode::kInvalidArgument), HasSubstr("train, val"));
  DataOptions options = Options();
  options.class_names = {"bus", "train", "val"};  // vehicles and a word
  EXPECT_TRUE(OpenDataset(options).ok());
}

TEST_F(ImageFolderTest, FolderWithoutImagesIsToldWhatWasLookedFor) {
  Write("cat/a.gif", "GIF89a");
  EXPECT_THAT(Refusal(Options(), absl::StatusCode::kNotFound),
              AllOf(HasSubstr("train-images-idx3-ubyte"), HasSubstr("data_batch_1.bin"),
                    HasSubstr("train.bin"), HasSubstr(".jpg, .jpeg, .jpe, .jfif or .png"),
                    HasSubstr("only 1 .gif"), HasSubstr(".safetensors")));
}

TEST_F(ImageFolderTest, SampleIsTheCentreViewAndImagesAreWhole) {
  Write("cat/a.png", PngOf(6, 9, 5));
  Write("cat/b.png", PngOf(4, 4, 6));
  DataOptions options = Options();
  options.image_size = ImageSize{4, 4};
  options.resizer = FillingResizer;
  const auto dataset = OpenDataset(options);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->input().shape, (Shape{3, 4, 4}));
  EXPECT_THAT(Read(**dataset, 0), Each(5));
  EXPECT_THAT(Read(**dataset, 1), Each(6));
  ASSERT_NE((*dataset)->images(), nullptr);
  const auto image = (*dataset)->images()->Decode(0);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->height, 6);
  EXPECT_EQ(image->width, 9);
}

TEST_F(ImageFolderTest, SizeIsThatOfTheFirstReadableImageUpright) {
  Write("a/0.jpg", "not an image");
  Write("a/1.jpg", WithOrientation(Jpeg(Gradient(3, 5, 3)), 6));
  Write("a/2.png", PngOf(7, 7, 1));
  const auto dataset = OpenDataset(Options());
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->input().shape, (Shape{3, 5, 3}));
}

TEST_F(ImageFolderTest, NoReadableImageIsToldWithTheFirst) {
  Write("a/0.jpg", "not an image");
  Write("a/1.jpg", "");
  EXPECT_THAT(Refusal(Options(), absl::StatusCode::kDataLoss),
              AllOf(HasSubstr("a/0.jpg: the format is not known")));
}

TEST_F(ImageFolderTest, OneChannelIsGrey) {
  Write("a/0.png", PngOf(2, 2, 77));
  DataOptions options = Options();
  options.channels = 1;
  const auto dataset = OpenDataset(options);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->input().shape, (Shape{1, 2, 2}));
  EXPECT_THAT(Read(**dataset, 0), ElementsAre(77, 77, 77, 77));
}

TEST_F(ImageFolderTest, UnreadableImagesAreNamedWhenTheyAreAskedFor) {
  Write("a/0.png", PngOf(2, 2, 1));
  const std::string truncated = Write("a/1.png", PngOf(2, 2, 1).substr(0, 50));
  const std::string other_size = Write("a/2.png", PngOf(3, 3, 1));
  const std::string removed = Write("a/3.png", PngOf(2, 2, 1));
  const auto dataset = OpenDataset(Options());
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  std::filesystem::remove(removed);
  std::vector<uint8_t> pixels(12);
  EXPECT_TRUE((*dataset)->Read(0, {absl::MakeSpan(pixels)}).ok());
  const std::vector<std::pair<std::string, absl::StatusCode>> cases = {
      {truncated, absl::StatusCode::kDataLoss},
      {other_size, absl::StatusCode::kFailedPrecondition},  // there is no resizer
      {removed, absl::StatusCode::kDataLoss}};
  for (size_t i = 0; i < cases.size(); ++i) {
    const absl::Status status =
        (*dataset)->Read(static_cast<int64_t>(i) + 1, {absl::MakeSpan(pixels)});
    EXPECT_EQ(status.code(), cases[i].second);
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr(cases[i].first), testing::FollowsGrammar()));
  }
  EXPECT_EQ((*dataset)->images()->Decode(1).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ((*dataset)->Read(4, {absl::MakeSpan(pixels)}).code(), absl::StatusCode::kOutOfRange);
}

TEST_F(ImageFolderTest, AFileThatIsGoneAndALinkToNothingAreBroken) {
  Write("cat/a.png", PngOf(2, 2, 1));
  const std::string gone = Write("cat/b.png", PngOf(2, 2, 1));
  std::filesystem::create_symlink("nothing.png", folder_.path() / "cat/c.png");
  const auto dataset = OpenDataset(Options());
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  std::filesystem::remove(gone);
  std::vector<uint8_t> pixels(*ByteSize((*dataset)->input().dtype, (*dataset)->input().shape));
  for (int64_t index = 1; index < (*dataset)->size(); ++index) {
    EXPECT_EQ((*dataset)->Read(index, {absl::MakeSpan(pixels)}).code(),
              absl::StatusCode::kDataLoss);
  }
}

TEST_F(ImageFolderTest, GivenClassNamesDecideTheOrder) {
  Write("cat/a.png", PngOf(2, 2, 1));
  Write("dog/a.png", PngOf(2, 2, 2));
  DataOptions options = Options();
  options.class_names = {"owl", "dog", "cat"};
  const auto dataset = OpenDataset(options);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->classes(), 3);
  EXPECT_EQ((*dataset)->Label(0), 2);
  EXPECT_EQ((*dataset)->Label(1), 1);
  EXPECT_THAT((*dataset)->class_names(), ElementsAre("owl", "dog", "cat"));
  options.class_names = {"owl", "cat"};
  EXPECT_THAT(Refusal(options, absl::StatusCode::kInvalidArgument),
              HasSubstr("the folder has \"dog\" that the list lacks"));
}

TEST_F(ImageFolderTest, OptionsOutOfRangeAreRefused) {
  Write("cat/a.png", PngOf(2, 2, 1));
  DataOptions options = Options();
  options.channels = 2;
  EXPECT_THAT(Refusal(options, absl::StatusCode::kInvalidArgument),
              HasSubstr("`image_channels` is 2; must be"));
  options = Options();
  for (const int64_t size : {int64_t{-1}, int64_t{1} << 40}) {
    options.image_size = ImageSize{size, size};
    EXPECT_THAT(Refusal(options, absl::StatusCode::kInvalidArgument),
                HasSubstr(absl::StrCat("`image_size` is ", size, "; must be ")));
  }
}

TEST_F(ImageFolderTest, LinksAreFollowedUnlessTheyLeadInCircles) {
  const TemporaryFolder elsewhere;
  elsewhere.Write("a.png", PngOf(2, 2, 9));
  MakeFolder("cat");
  std::filesystem::create_directory_symlink(elsewhere.path(), folder_.path() / "cat/link");
  Write("dog/a.png", PngOf(2, 2, 1));
  const auto dataset = OpenDataset(Options());
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->size(), 2);
  EXPECT_THAT(Read(**dataset, 0), Each(9));
  std::filesystem::create_directory_symlink(folder_.path() / "cat", folder_.path() / "cat/loop");
  EXPECT_THAT(Refusal(Options(), absl::StatusCode::kFailedPrecondition), HasSubstr("cat/loop"));
}

TEST_F(ImageFolderTest, ClassNameThatIsNoUtf8IsRefused) {
  Write("\xff\xfe/a.png", PngOf(2, 2, 1));
  EXPECT_THAT(Refusal(Options(), absl::StatusCode::kInvalidArgument), HasSubstr("is not UTF-8"));
}

TEST_F(ImageFolderTest, SingleImageIsRefusedWithWhatToName) {
  DataOptions options;
  options.path = Write("cat/a.png", PngOf(2, 2, 1));
  EXPECT_THAT(Refusal(options, absl::StatusCode::kInvalidArgument), HasSubstr("name the folder"));
}

}  // namespace
}  // namespace distill
