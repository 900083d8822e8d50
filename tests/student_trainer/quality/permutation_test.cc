#include "student_trainer/quality/permutation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace distill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// Answers by label and by answer.
using Answers = std::vector<std::vector<int64_t>>;

struct Counted {
  explicit Counted(const Answers& answers) {
    for (size_t label = 0; label < answers.size(); ++label) {
      ClassCount count;
      for (size_t answer = 0; answer < answers.size(); ++answer) {
        const int64_t samples = answers[label][answer];
        count.samples += samples;
        if (answer == label) count.correct = samples;
        if (answer == label || samples == 0) continue;
        confusions.push_back({static_cast<int64_t>(label), static_cast<int64_t>(answer), samples});
      }
      classes.push_back(count);
    }
  }

  std::vector<std::pair<int64_t, int64_t>> permutation() const {
    std::vector<std::pair<int64_t, int64_t>> moved;
    for (const Confusion& one : FindPermutation(classes, confusions)) {
      moved.emplace_back(one.label, one.answer);
    }
    return moved;
  }

  std::vector<ClassCount> classes;
  std::vector<Confusion> confusions;
};

TEST(PermutationTest, TwoClassesThatChangedPlacesAreFoundAmongGoodOnes) {
  EXPECT_THAT(Counted({{20, 1, 0, 0}, {0, 2, 18, 0}, {0, 25, 0, 1}, {0, 0, 0, 22}}).permutation(),
              ElementsAre(Pair(1, 2), Pair(2, 1)));
}

TEST(PermutationTest, ARotationIsFound) {
  EXPECT_THAT(Counted({{0, 9, 0}, {1, 0, 9}, {9, 0, 0}}).permutation(),
              ElementsAre(Pair(0, 1), Pair(1, 2), Pair(2, 0)));
}

TEST(PermutationTest, AClassThatIsTakenForAnotherIsNoPermutation) {
  EXPECT_THAT(Counted({{0, 20}, {0, 20}}).permutation(), IsEmpty());
  // 0 and 1 are both answered as 2, and 2 as 0.
  EXPECT_THAT(Counted({{0, 0, 20}, {0, 0, 20}, {20, 0, 0}}).permutation(), IsEmpty());
}

TEST(PermutationTest, ClassesThatAreConfusedBothWaysAreNoPermutation) {
  EXPECT_THAT(Counted({{9, 11}, {11, 9}}).permutation(), IsEmpty());
}

TEST(PermutationTest, FewSamplesProveNothing) {
  EXPECT_THAT(Counted({{0, 3}, {3, 0}}).permutation(), IsEmpty());
  EXPECT_THAT(Counted({{0, 4}, {4, 0}}).permutation(), ElementsAre(Pair(0, 1), Pair(1, 0)));
}

TEST(PermutationTest, IsDescribedByNamesAndCounts) {
  const Counted counted({{0, 24, 1}, {26, 0, 0}, {0, 0, 9}});
  EXPECT_EQ(DescribePermutation(FindPermutation(counted.classes, counted.confusions),
                                counted.classes, std::vector<std::string>{"cat", "dog", "owl"}),
            "cat is answered as dog (24 of 25), dog as cat (26 of 26)");
  Answers rotated(8, std::vector<int64_t>(8, 0));
  for (size_t label = 0; label < 8; ++label) rotated[label][(label + 1) % 8] = 5;
  const Counted many(rotated);
  EXPECT_EQ(
      DescribePermutation(FindPermutation(many.classes, many.confusions), many.classes, {}),
      "class 0 is answered as class 1 (5 of 5), class 1 as class 2 (5 of 5), class 2 as class 3 "
      "(5 of 5), class 3 as class 4 (5 of 5), class 4 as class 5 (5 of 5) and 3 more");
}

}  // namespace
}  // namespace distill
