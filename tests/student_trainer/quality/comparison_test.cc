#include "student_trainer/quality/comparison.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

ModelFigures Teacher() {
  ModelFigures teacher{.model = "runs/teacher/model",
                       .parameters = 400'000,
                       .bytes = 1 << 20,
                       .multiply_adds = 50'000'000,
                       .latency_p50_ms = 2,
                       .latency_p99_ms = 3,
                       .samples_per_s = 1000,
                       .batch_size = 256};
  teacher.quality = {.samples = 1000, .errors = 100, .loss = 0.5};
  teacher.quality.classes = {{.samples = 500, .correct = 470}, {.samples = 500, .correct = 430}};
  return teacher;
}

ModelFigures Student() {
  ModelFigures student = Teacher();
  student.model = "student";
  student.bytes = 1 << 18;
  student.multiply_adds = 5'000'000;
  student.latency_p50_ms = 0.5;
  student.samples_per_s = 8000;
  student.quality.errors = 127;
  student.quality.classes = {{.samples = 500, .correct = 450}, {.samples = 500, .correct = 423}};
  return student;
}

TEST(ComparisonTest, RatiosAreAgainstTheFirst) {
  const Ratios ratios = Against(Teacher(), Student());
  EXPECT_DOUBLE_EQ(ratios.quality_kept, 0.97);
  EXPECT_DOUBLE_EQ(ratios.times_smaller, 4);
  EXPECT_DOUBLE_EQ(ratios.times_fewer_multiply_adds, 10);
  EXPECT_DOUBLE_EQ(ratios.times_faster, 4);
  EXPECT_DOUBLE_EQ(ratios.times_the_throughput, 8);
}

TEST(ComparisonTest, TableHasAColumnAModelAndTheRatios) {
  const std::string table =
      ComparisonTable(std::vector{Teacher(), Student()}, std::vector<std::string>{"cat", "dog"});
  for (const char* text : {"[1] runs/teacher/model", "[2] student", "errors of 1,000", "127",
                           "87.30% (97.0% kept)", "256 KiB (4 x smaller)", "5.00 M (10 x fewer)",
                           "0.500 ms (4 x faster)", "8,000 (8 x as many)"}) {
    EXPECT_THAT(table, HasSubstr(text));
  }
  EXPECT_THAT(table, ::testing::ContainsRegex("cat +94.00% +90.00%"));
}

TEST(ComparisonTest, OneModelHasNoRatios) {
  EXPECT_THAT(ComparisonTable(std::vector{Teacher()}, {}), Not(HasSubstr(" x ")));
}

TEST(ComparisonTest, TopFiveIsShownForMoreThanFiveClasses) {
  ModelFigures model = Teacher();
  EXPECT_THAT(ComparisonTable(std::vector{model}, {}), Not(HasSubstr("top-5")));
  model.quality.classes.resize(6);
  EXPECT_THAT(ComparisonTable(std::vector{model}, {}), HasSubstr("top-5"));
}

TEST(ComparisonTest, OfManyClassesThoseThatTheFirstKnowsLeastAreShown) {
  ModelFigures model = Teacher();
  model.quality.classes.assign(1000, {.samples = 10, .correct = 9});
  model.quality.classes[777].correct = 1;
  const std::string table = ComparisonTable(std::vector{model}, {});
  EXPECT_THAT(table, HasSubstr("the 20 classes that the first knows least"));
  EXPECT_THAT(table, HasSubstr("class 777"));
  EXPECT_THAT(table, Not(HasSubstr("class 999")));
}

TEST(ComparisonTest, ClassesWithoutSamplesAreLeftOutWithoutAWord) {
  ModelFigures model = Teacher();
  model.quality.classes = {{.samples = 10, .correct = 9}, {}, {.samples = 5, .correct = 1}};
  const std::string table = ComparisonTable(std::vector{model}, {});
  EXPECT_THAT(table, Not(HasSubstr("knows least")));
  EXPECT_THAT(table, AllOf(HasSubstr("class 0"), HasSubstr("class 2"), Not(HasSubstr("class 1"))));
}

TEST(ComparisonTest, AgreementIsShownWhereATeacherWasAsked) {
  ModelFigures model = Teacher();
  EXPECT_THAT(ComparisonTable(std::vector{model}, {}), Not(HasSubstr("as the teacher")));
  model.teacher_agreement = 0.925;
  EXPECT_THAT(ComparisonTable(std::vector{model}, {}), HasSubstr("92.50%"));
  EXPECT_EQ(ComparisonJson(std::vector{model}, {})[0]["teacher_agreement"], 0.925);
}

TEST(ComparisonTest, JsonHoldsAllFigures) {
  const nlohmann::json json =
      ComparisonJson(std::vector{Teacher(), Student()}, std::vector<std::string>{"cat", "dog"});
  ASSERT_EQ(json.size(), 2U);
  EXPECT_EQ(json[1]["model"], "student");
  EXPECT_EQ(json[1]["errors"], 127);
  EXPECT_EQ(json[1]["latency_ms"], 0.5);
  EXPECT_EQ(json[1]["latency_p99_ms"], 3);
  EXPECT_EQ(json[1]["batch_size"], 256);
  EXPECT_EQ(json[1]["against_first"]["times_faster"], 4);
  EXPECT_EQ(json[1]["classes"][1]["name"], "dog");
  EXPECT_EQ(json[1]["classes"][1]["recall"], 0.846);
}

TEST(ComparisonTest, WhatIsNotKnownIsADash) {
  ModelFigures empty = Teacher();
  empty.quality = {};
  empty.quality.classes.resize(2);
  ModelFigures student = Student();
  const std::string table = ComparisonTable(std::vector{empty, student}, {});
  EXPECT_THAT(table, Not(HasSubstr("nan")));
  EXPECT_THAT(table, Not(HasSubstr("inf")));
}

}  // namespace
}  // namespace distill
