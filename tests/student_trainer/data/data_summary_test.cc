#include "student_trainer/data/data_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/student_trainer/data/memory_dataset.h"

namespace distill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Labelled : public MemoryDataset {
 public:
  explicit Labelled(std::vector<int64_t> labels, std::vector<std::string> names = {},
                    std::vector<std::string> notes = {})
      : MemoryDataset({"x", DType::kUint8, {1}}, std::move(labels)),
        names_(std::move(names)),
        notes_(std::move(notes)) {}

  const std::vector<std::string>& class_names() const override { return names_; }
  int64_t classes() const override {
    return names_.empty() ? MemoryDataset::classes() : static_cast<int64_t>(names_.size());
  }
  std::vector<std::string> notes() const override { return notes_; }

 private:
  const std::vector<std::string> names_;
  const std::vector<std::string> notes_;
};

TEST(DataSummaryTest, ClassesAreCounted) {
  const DataSummary named = Summarize("train", Labelled({0, 1, 1, 0, 1}, {"cat", "dog"}));
  EXPECT_EQ(named.line, "train: 5 samples, 2 classes: cat 2, dog 3");
  EXPECT_THAT(named.warnings, IsEmpty());
  EXPECT_EQ(Summarize("test", Labelled({0, kNoLabel, 1})).line,
            "test: 3 samples, 2 of them labelled, 2 classes: 0 1, 1 1");
}

TEST(DataSummaryTest, OneIsWrittenInTheSingular) {
  EXPECT_EQ(Summarize("train", Labelled({0})).line, "train: 1 sample, 1 class: 0 1");
  EXPECT_THAT(Summarize("train", Labelled({6})).warnings,
              ElementsAre(HasSubstr("the label 0, 1, 2, 3, 4 and 1 other; ")));
}

TEST(DataSummaryTest, ManyClassesAreSummedUp) {
  std::vector<int64_t> labels = {3, 3};
  for (int64_t label = 0; label < 20; ++label) labels.push_back(label);
  EXPECT_EQ(Summarize("val", Labelled(labels)).line,
            "val: 22 samples, 20 classes of 1 to 3 samples");
}

TEST(DataSummaryTest, WithoutLabelsThereAreNoClasses) {
  EXPECT_EQ(Summarize("train", Labelled({kNoLabel, kNoLabel})).line,
            "train: 2 samples, 0 of them labelled");
}

TEST(DataSummaryTest, LabelsThatCountFromOneAreWarnedOf) {
  EXPECT_THAT(
      Summarize("train", Labelled({1, 2, 3})).warnings,
      ElementsAre("train: no sample has the label 0; labels count from 0, and these seem to "
                  "count from 1"));
}

TEST(DataSummaryTest, ALabelThatMeansIgnoreIsWarnedOf) {
  EXPECT_THAT(
      Summarize("train", Labelled({0, 1, 255})).warnings,
      ElementsAre(
          "train: no sample has the label 2, 3, 4, 5, 6 and 248 others; 255 is a class like "
          "others here: label samples to ignore -1"));
}

TEST(DataSummaryTest, GapsAreWarnedOf) {
  EXPECT_THAT(
      Summarize("train", Labelled({0, 2, 5})).warnings,
      ElementsAre("train: no sample has the label 1, 3, 4; the 6 classes are those up to the "
                  "largest label"));
  EXPECT_THAT(Summarize("train", Labelled({0, 2}, {"ape", "bee", "cow"})).warnings,
              ElementsAre("train: no sample has the class bee"));
}

TEST(DataSummaryTest, NumbersSortedAsTextAreWarnedOf) {
  EXPECT_THAT(Summarize("train", Labelled({0, 1, 2, 3}, {"0", "1", "10", "2"})).warnings,
              ElementsAre("train: the class names are numbers in the order of text, so \"2\" is "
                          "class 3; `class_names` sets another order"));
  EXPECT_THAT(Summarize("train", Labelled({0, 1, 2}, {"1", "2", "3"})).warnings, IsEmpty());
  EXPECT_THAT(Summarize("train", Labelled({0, 1, 2}, {"7", "10", "9"})).warnings, IsEmpty());
  EXPECT_THAT(Summarize("train", Labelled({0, 1, 2}, {"1", "10", "9a"})).warnings, IsEmpty());
}

TEST(DataSummaryTest, TheDatasNotesAreWarnings) {
  EXPECT_THAT(Summarize("test", Labelled({0, 1}, {}, {"40 files are passed over"})).warnings,
              ElementsAre(HasSubstr("40 files")));
}

}  // namespace
}  // namespace distill
