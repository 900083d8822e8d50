#include "tests/bench/measurement.h"

#include <gmock/gmock.h>

#include <vector>

namespace distill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

absl::Time At(double seconds) {
  return absl::FromUnixSeconds(1'000'000'000) + absl::Seconds(seconds);
}

const Window kWindow{.begin = At(10), .end = At(20)};

// An OK answer of ten samples, sent `took` seconds before it arrived.
Outcome Answer(double arrived, double took = 0.5) {
  return {.scheduled = At(arrived - took),
          .arrived = At(arrived),
          .samples = 10,
          .bytes_sent = 3'000'000,
          .bytes_received = 1'000'000,
          .queue = absl::Milliseconds(2),
          .compute = absl::Milliseconds(7)};
}

Outcome Failure(double arrived, absl::StatusCode code) {
  Outcome outcome = Answer(arrived);
  outcome.code = code;
  return outcome;
}

TEST(MeasureTest, CountsWhatArrivedAfterTheWarmUp) {
  std::vector<Outcome> outcomes;
  for (int second = 1; second <= 25; ++second) outcomes.push_back(Answer(second));
  const Measurement measured = Measure(outcomes, kWindow, At(26));
  EXPECT_EQ(measured.requests, 10);
  EXPECT_EQ(measured.samples, 100);
  EXPECT_DOUBLE_EQ(measured.seconds, 10);
  EXPECT_DOUBLE_EQ(measured.samples_per_s, 10);
  EXPECT_DOUBLE_EQ(measured.sent_mb_per_s, 3);
  EXPECT_DOUBLE_EQ(measured.received_mb_per_s, 1);
  EXPECT_EQ(measured.queue_ms.p50, 2);
  EXPECT_EQ(measured.compute_ms.p50, 7);
}

// A batch of four answers every three seconds, where the edges of the window cut the first and last
// period at any point: the rate must not depend on the position.
TEST(MeasureTest, HoldsWholeBatchesWhereverTheWindowLies) {
  for (double offset = 0; offset < 3; offset += 0.5) {
    std::vector<Outcome> outcomes;
    for (int batch = 0; batch < 10; ++batch) {
      for (int i = 0; i < 4; ++i) outcomes.push_back(Answer(offset + 3 * batch + 1e-3 * i));
    }
    const Measurement measured = Measure(outcomes, kWindow, At(40));
    EXPECT_NEAR(measured.samples_per_s, 40.0 / 3, 1e-6) << "offset " << offset;
  }
}

TEST(MeasureTest, AServerThatStopsAnsweringIsNotFlattered) {
  const std::vector<Outcome> outcomes = {Answer(10), Answer(11)};
  EXPECT_DOUBLE_EQ(Measure(outcomes, kWindow, At(30)).seconds, 20);
  EXPECT_DOUBLE_EQ(Measure(outcomes, kWindow, At(19)).seconds, 10);
}

TEST(MeasureTest, LatencyIsThatOfTheRequestsThatWereDueInTheWindow) {
  const std::vector<Outcome> outcomes = {
      Answer(10.2, 0.5),             // due in the warm-up
      Answer(12, 1), Answer(24, 8),  // due at 16, answered late
      Answer(21, .5),                // due after the window
  };
  const Measurement measured = Measure(outcomes, kWindow, At(25));
  EXPECT_EQ(measured.latency_ms.count, 2);
  EXPECT_DOUBLE_EQ(measured.latency_ms.p50, 1000);
  EXPECT_DOUBLE_EQ(measured.latency_ms.max, 8000);
}

TEST(MeasureTest, WhatWasNeverAnsweredCountsWithTheTimeItWaited) {
  std::vector<Outcome> outcomes = {Answer(12), {.scheduled = At(14)}, {.scheduled = At(21)}};
  const Measurement measured = Measure(outcomes, kWindow, At(25));
  EXPECT_EQ(measured.unanswered, 1);
  EXPECT_EQ(measured.latency_ms.count, 2);
  EXPECT_DOUBLE_EQ(measured.latency_ms.max, 11'000);
}

TEST(MeasureTest, ErrorsAreCountedByCodeAndAreNoAnswers) {
  const std::vector<Outcome> outcomes = {Failure(5, absl::StatusCode::kInternal),  // in the warm-up
                                         Failure(11, absl::StatusCode::kInternal),
                                         Failure(12, absl::StatusCode::kUnavailable),
                                         Failure(13, absl::StatusCode::kInternal)};
  const Measurement measured = Measure(outcomes, kWindow, At(21));
  EXPECT_THAT(measured.errors, ElementsAre(Pair("INTERNAL", 2), Pair("UNAVAILABLE", 1)));
  EXPECT_EQ(measured.requests, 0);
  EXPECT_EQ(measured.samples_per_s, 0);
  EXPECT_EQ(measured.latency_ms.count, 0);
}

TEST(MeasureTest, AnInterruptInTheWarmUpMeasuresNothing) {
  const Window cut{.begin = At(10), .end = At(4)};
  const Measurement measured = Measure({Answer(2), Answer(3)}, cut, At(4));
  EXPECT_EQ(measured.requests, 0);
  EXPECT_EQ(measured.latency_ms.count, 0);
  EXPECT_THAT(measured.errors, IsEmpty());
}

}  // namespace
}  // namespace distill
