#include "student_trainer/data/formats/folder_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace distill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(FolderNamesTest, JpegAndPngAreImagesUnderAllTheirEndings) {
  for (const char* name : {"a.jpg", "a.JPEG", "a.Jpe", "b.jfif", "x.y.PNG"}) {
    EXPECT_TRUE(HasImageEnding(name)) << name;
  }
  for (const char* name : {"a.webp", "jpg", ".png", "a.jpg.txt", "a.", "apng"}) {
    EXPECT_FALSE(HasImageEnding(name)) << name;
  }
}

TEST(FolderNamesTest, TheEndingIsNamedInLowerCase) {
  EXPECT_EQ(EndingOf("a.b.WebP"), ".webp");
  EXPECT_EQ(EndingOf("README"), "");
  EXPECT_EQ(EndingOf(".hidden"), "");
}

TEST(FolderNamesTest, LeftoversOfArchivesSharesAndFileSystemsAreKnown) {
  for (const char* name :
       {"__MACOSX", "@eaDir", "#recycle", "@Recycle", "$RECYCLE.BIN", "System Volume Information",
        "lost+found", "__pycache__", "Thumbs.db", "desktop.ini", "._a.jpg", ".ipynb_checkpoints"}) {
    EXPECT_TRUE(IsLeftover(name)) << name;
  }
  for (const char* name : {"cat", "macosx", "recycle", "lost", "thumbs", "_a.jpg"}) {
    EXPECT_FALSE(IsLeftover(name)) << name;
  }
}

TEST(FolderNamesTest, TwoSplitsAreEnoughWhateverIsBesideThem) {
  EXPECT_THAT(SplitsAmong({"Testing", "Training"}), ElementsAre("Testing", "Training"));
  EXPECT_THAT(SplitsAmong({"bus", "test", "train"}), ElementsAre("test", "train"));
  EXPECT_THAT(SplitsAmong({"dev", "test", "train"}), ElementsAre("dev", "test", "train"));
  EXPECT_THAT(SplitsAmong({"seg_pred", "seg_test", "seg_train"}),
              ElementsAre("seg_pred", "seg_test", "seg_train"));
  EXPECT_THAT(SplitsAmong({"test-images", "train-images"}),
              ElementsAre("test-images", "train-images"));
}

TEST(FolderNamesTest, NumbersBehindTheWordsOfSplitsMeanNothing) {
  EXPECT_THAT(SplitsAmong({"train2017", "val2017"}), ElementsAre("train2017", "val2017"));
  EXPECT_THAT(SplitsAmong({"test2015", "train2014", "val2014"}),
              ElementsAre("test2015", "train2014", "val2014"));
  EXPECT_THAT(SplitsAmong({"seg_test_2", "seg_train_1"}), ElementsAre("seg_test_2", "seg_train_1"));
  EXPECT_THAT(SplitsAmong({"train-1", "train-2", "val"}), ElementsAre("train-1", "train-2", "val"));
  EXPECT_THAT(SplitsAmong({"train2017-images", "val2017-images"}),
              ElementsAre("train2017-images", "val2017-images"));
}

TEST(FolderNamesTest, FoldsDifferInTheirNumbers) {
  EXPECT_THAT(SplitsAmong({"fold1", "fold10", "fold2"}), ElementsAre("fold1", "fold10", "fold2"));
  EXPECT_THAT(SplitsAmong({"Fold 1", "Fold 2"}), ElementsAre("Fold 1", "Fold 2"));
  EXPECT_THAT(SplitsAmong({"fold_0_data", "fold_1_data"}),
              ElementsAre("fold_0_data", "fold_1_data"));
  EXPECT_THAT(SplitsAmong({"cv_split_1", "cv_split_2"}), ElementsAre("cv_split_1", "cv_split_2"));
}

TEST(FolderNamesTest, ImagesAndWhatDescribesThemAreKnown) {
  EXPECT_THAT(ImagesAndAnnotationsAmong({"images", "masks"}), ElementsAre("images", "masks"));
  EXPECT_THAT(ImagesAndAnnotationsAmong({"Annotations", "Images", "labels", "other"}),
              ElementsAre("Images", "Annotations", "labels"));
  EXPECT_THAT(ImagesAndAnnotationsAmong({"cat", "images"}), IsEmpty());
  EXPECT_THAT(ImagesAndAnnotationsAmong({"hats", "masks"}), IsEmpty());
}

TEST(FolderNamesTest, ClassesThatAreWordsOfSplitsStayClasses) {
  EXPECT_THAT(SplitsAmong({"bus", "train", "tram"}), IsEmpty());
  EXPECT_THAT(SplitsAmong({"test tube", "train station"}), IsEmpty());
  EXPECT_THAT(SplitsAmong({"contest", "trainer"}), IsEmpty());
  EXPECT_THAT(SplitsAmong({"train1", "train2"}), IsEmpty());
  EXPECT_THAT(SplitsAmong({"test tube 1", "test tube 2"}), IsEmpty());
  EXPECT_THAT(SplitsAmong({"fold", "split"}), IsEmpty());
  EXPECT_THAT(SplitsAmong({"fold a", "fold b"}), IsEmpty());
  EXPECT_THAT(SplitsAmong({"1", "2"}), IsEmpty());
  EXPECT_THAT(SplitsAmong({}), IsEmpty());
}

}  // namespace
}  // namespace distill
