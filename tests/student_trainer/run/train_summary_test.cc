#include "student_trainer/run/train_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TrainFigures HardLabelFigures() {
  TrainFigures figures;
  figures.training = {.run = {.samples = 800,
                              .best_epoch = 4,
                              .best_validation = {.samples = 50, .errors = 5},
                              .seconds = 12.3},
                      .steps = 100};
  figures.training.run.seconds_waiting_for_data = 1.5;
  return figures;
}

TrainFigures DistilledFigures() {
  TrainFigures figures = HardLabelFigures();
  figures.training.run.samples_with_targets = 760;
  figures.training.run.seconds_waiting = 1.23;
  figures.training.samples_without_targets = 40;
  figures.teacher = {.stats = {.samples_answered = 800, .bytes_sent = 2048, .reconnects = 3},
                     .samples_by_teacher = {{"a:1", 500}, {"b:1", 300}},
                     .probe_samples = 64};
  return figures;
}

TEST(TrainSummaryTest, ARunOnHardLabelsIsOneLine) {
  const auto lines = SummaryLines(HardLabelFigures());
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0],
              AllOf(HasSubstr("100 steps"), HasSubstr("800 samples"), HasSubstr("13s"),
                    HasSubstr("best epoch 5"), HasSubstr("5 of 50"), Not(HasSubstr("test"))));
}

TEST(TrainSummaryTest, WithoutValidationNoEpochIsTheBest) {
  TrainFigures figures = HardLabelFigures();
  figures.training.run.best_validation = {};
  EXPECT_THAT(SummaryLines(figures)[0], Not(HasSubstr("best epoch")));
}

TEST(TrainSummaryTest, TheTestIsSaidWithItsAccuracy) {
  TrainFigures figures = HardLabelFigures();
  figures.test = EvaluationResult{.samples = 400, .errors = 30};
  EXPECT_THAT(SummaryLines(figures)[0], AllOf(HasSubstr("30 of 400"), HasSubstr("92.50%")));
  EXPECT_EQ(SummaryRecord(figures)["test"], (nlohmann::json{{"samples", 400},
                                                            {"errors", 30},
                                                            {"accuracy", figures.test->accuracy()},
                                                            {"loss", 0.0}}));
}

TEST(TrainSummaryTest, OfTheTeacherTheLineSaysWhatItGaveAndCost) {
  const auto lines = SummaryLines(DistilledFigures());
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_THAT(lines[1],
              AllOf(HasSubstr("760 training"), HasSubstr("64 probe"), HasSubstr("10.0%"),
                    HasSubstr("3 reconnects"), HasSubstr("40 samples"), HasSubstr("5.00%")));
  EXPECT_THAT(lines[2], AllOf(HasSubstr("a:1 500"), HasSubstr("b:1 300")));
}

TEST(TrainSummaryTest, OneTeacherIsNotListed) {
  TrainFigures figures = DistilledFigures();
  figures.teacher->samples_by_teacher.erase("b:1");
  EXPECT_EQ(SummaryLines(figures).size(), 2u);
}

TEST(TrainSummaryTest, CorruptSamplesAreALineOfTheirOwn) {
  TrainFigures figures = HardLabelFigures();
  figures.corrupt_samples = 7;
  EXPECT_THAT(SummaryLines(figures).back(), HasSubstr("7 corrupt samples"));
}

TEST(TrainSummaryTest, TheRecordIsTheEndOfTheMetrics) {
  const nlohmann::json hard_labels = SummaryRecord(HardLabelFigures());
  EXPECT_EQ(hard_labels["kind"], "end");
  EXPECT_EQ(hard_labels["best_epoch"], 5);
  EXPECT_EQ(hard_labels["seconds_waiting_for_data"], 1.5);
  for (const char* key : {"test", "teachers", "samples_answered"}) {
    EXPECT_FALSE(hard_labels.contains(key)) << key;
  }
  const nlohmann::json distilled = SummaryRecord(DistilledFigures());
  EXPECT_EQ(distilled["samples_with_targets"], 760);
  EXPECT_EQ(distilled["samples_without_targets"], 40);
  EXPECT_EQ(distilled["samples_answered"], 800);
  EXPECT_EQ(distilled["teachers"], (nlohmann::json{{"a:1", 500}, {"b:1", 300}}));
}

TEST(TrainSummaryTest, WhatWasAskedOverAnotherConnectionIsAdded) {
  TeacherFigures figures = *DistilledFigures().teacher;
  figures.Add({.stats = {.answers = 1, .samples_answered = 10, .bytes_received = 5, .losses = 2},
               .samples_by_teacher = {{"b:1", 10}, {"c:1", 1}},
               .probe_samples = 10});
  EXPECT_EQ(figures.stats.samples_answered, 810);
  EXPECT_EQ(figures.stats.bytes_received, 5);
  EXPECT_EQ(figures.stats.losses, 2);
  EXPECT_EQ(figures.samples_by_teacher,
            (std::map<std::string, int64_t>{{"a:1", 500}, {"b:1", 310}, {"c:1", 1}}));
  EXPECT_EQ(figures.probe_samples, 74);
}

TEST(TrainSummaryTest, FiguresOfEarlierProcessesAreReadFromTheirCheckpoint) {
  TeacherFigures figures{.stats = {.answers = 1,
                                   .samples_answered = 2,
                                   .bytes_sent = 3,
                                   .bytes_received = 4,
                                   .losses = 5,
                                   .reconnects = 6},
                         .samples_by_teacher = {{"gpu:1", 7}},
                         .probe_samples = 8};
  EXPECT_EQ(ToJson(TeacherFiguresFromJson(ToJson(figures))), ToJson(figures));
  figures.Add(TeacherFiguresFromJson(nlohmann::json()));  // of a version that kept none
  EXPECT_EQ(figures.stats.bytes_sent, 3);
  EXPECT_EQ(figures.samples_by_teacher["gpu:1"], 7);
}

}  // namespace
}  // namespace distill
