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
  EXPECT_EQ(EndingOf("README"), "no ending");
  EXPECT_EQ(EndingOf(".hidden"), "no ending");
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

TEST(FolderNamesTest, ClassesThatAreWordsOfSplitsStayClasses) {
  EXPECT_THAT(SplitsAmong({"bus", "train", "tram"}), IsEmpty());
  EXPECT_THAT(SplitsAmong({"test tube", "train station"}), IsEmpty());
  EXPECT_THAT(SplitsAmong({"contest", "trainer"}), IsEmpty());
  EXPECT_THAT(SplitsAmong({}), IsEmpty());
}

}  // namespace
}  // namespace distill
