#include "student_trainer/alignment/alignment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/student_trainer/testing/small_dataset.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::AllOf;
using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;

ModelInfo TeacherFor(const Dataset& dataset) {
  return {.name = "t", .inputs = {dataset.input()}, .classes = dataset.classes()};
}

TEST(CheckTeacherFitsData, EqualInputsFitWhateverTheirName) {
  const testing::SmallDataset data(10);
  ModelInfo teacher = TeacherFor(data);
  teacher.inputs[0].name = "pixels";
  EXPECT_THAT(CheckTeacherFitsData(teacher, data), IsOk());
}

TEST(CheckTeacherGivesLogits, WhatLooksLikeProbabilitiesIsRefused) {
  ModelInfo teacher;
  EXPECT_THAT(CheckTeacherGivesLogits(teacher), IsOk());
  teacher.suspected_output = "probabilities";
  EXPECT_THAT(
      CheckTeacherGivesLogits(teacher),
      ErrorIs(absl::StatusCode::kFailedPrecondition,
              AllOf(HasSubstr("'probabilities' instead of logits"), HasSubstr("config.json"))));
}

TEST(CheckTeacherFitsData, AVariableDimensionTakesAnyLength) {
  const testing::SmallDataset data(10);
  ModelInfo teacher = TeacherFor(data);
  teacher.inputs[0].shape[2] = -1;
  EXPECT_THAT(CheckTeacherFitsData(teacher, data), IsOk());
}

TEST(CheckTeacherFitsData, ATeacherOfSequencesIsRefused) {
  const testing::SmallDataset data(10);
  ModelInfo teacher = TeacherFor(data);
  for (const int64_t rows : {-1, 5}) {
    teacher.rows_per_sample = rows;
    EXPECT_THAT(CheckTeacherFitsData(teacher, data),
                ErrorIs(absl::StatusCode::kFailedPrecondition,
                        "the teacher: it gives a row per position of a sequence, where the data "
                        "have a label per sample; use one with a row per sample"));
  }
}

TEST(CheckTeacherFitsData, WhatDiffersIsShownFromBothSides) {
  const testing::SmallDataset data(10);
  ModelInfo other_shape = TeacherFor(data);
  other_shape.inputs[0].shape = {3, 32, 32};
  EXPECT_THAT(CheckTeacherFitsData(other_shape, data),
              ErrorIs(absl::StatusCode::kFailedPrecondition,
                      AllOf(HasSubstr("[3, 32, 32]"), HasSubstr("[1, 4, 4]"))));
  ModelInfo other_type = TeacherFor(data);
  other_type.inputs[0].dtype = DType::kFloat32;
  EXPECT_THAT(CheckTeacherFitsData(other_type, data),
              ErrorIs(absl::StatusCode::kFailedPrecondition,
                      AllOf(HasSubstr("float32"), HasSubstr("uint8"))));
  ModelInfo other_classes = TeacherFor(data);
  other_classes.classes = 7;
  EXPECT_THAT(CheckTeacherFitsData(other_classes, data),
              ErrorIs(absl::StatusCode::kFailedPrecondition, HasSubstr("7 classes")));
}

// The sum of C(256, i) 0.1^i 0.9^(256 - i) from i = k is 0.00179 for k = 41 and 0.00099 for k = 42.
TEST(JudgeParity, TheTailOfTheBinomialDistributionIsTheLeast) {
  EXPECT_EQ(JudgeParity(0, 256, 10).least, 42);
  EXPECT_EQ(JudgeParity(41, 256, 10).parity, Parity::kMisaligned);
  EXPECT_EQ(JudgeParity(42, 256, 10).parity, Parity::kWeak);
  EXPECT_EQ(JudgeParity(127, 256, 10).parity, Parity::kWeak);
  EXPECT_EQ(JudgeParity(128, 256, 10).parity, Parity::kGood);
}

// 2^-9 = 0.00195, 2^-10 = 0.00098; 4^-4 = 0.0039, 4^-5 = 0.00098.
TEST(JudgeParity, AFewLabelsTellNothingEvenOfAPerfectTeacher) {
  EXPECT_EQ(JudgeParity(9, 9, 2).parity, Parity::kTooFew);
  EXPECT_EQ(JudgeParity(10, 10, 2).parity, Parity::kGood);
  EXPECT_EQ(JudgeParity(9, 10, 2).parity, Parity::kTooFew);
  EXPECT_EQ(JudgeParity(10, 40, 2).parity, Parity::kMisaligned);
  EXPECT_EQ(JudgeParity(4, 4, 4).parity, Parity::kTooFew);
  EXPECT_EQ(JudgeParity(5, 5, 4).parity, Parity::kGood);
  EXPECT_EQ(JudgeParity(0, 1, 5).parity, Parity::kTooFew);
  EXPECT_THAT(Describe(JudgeParity(1, 1, 5)), HasSubstr("1 of 1 labels, too few to tell"));
}

TEST(JudgeParity, APermutationIsMisalignedHoweverGoodTheRest) {
  const ParityResult result = JudgeParity(200, 256, 10, "cat is answered as dog (25 of 26)");
  EXPECT_EQ(result.parity, Parity::kMisaligned);
  EXPECT_THAT(Describe(result), HasSubstr("classes by another order: cat is answered as dog"));
}

TEST(JudgeParity, WithoutLabelsItIsNotChecked) {
  EXPECT_EQ(JudgeParity(0, 0, 10).parity, Parity::kNotChecked);
  EXPECT_THAT(Describe(JudgeParity(0, 0, 10)), HasSubstr("not checked"));
}

TEST(DrawProbe, DrawsDistinctCandidatesAsAFunctionOfTheSeed) {
  std::vector<int64_t> candidates;
  for (int64_t i = 0; i < 1000; ++i) candidates.push_back(3 * i);
  const std::vector<int64_t> drawn = DrawProbe(candidates, 256, 1);
  EXPECT_EQ(drawn.size(), 256u);
  EXPECT_EQ(std::set<int64_t>(drawn.begin(), drawn.end()).size(), 256u);
  for (const int64_t id : drawn) EXPECT_EQ(id % 3, 0);
  EXPECT_EQ(drawn, DrawProbe(candidates, 256, 1));
  EXPECT_NE(drawn, DrawProbe(candidates, 256, 2));
}

TEST(DrawProbe, FewCandidatesAreAllDrawn) { EXPECT_EQ(DrawProbe({5, 6}, 256, 0).size(), 2u); }

}  // namespace
}  // namespace distill
