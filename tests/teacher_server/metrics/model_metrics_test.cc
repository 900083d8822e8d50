#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "teacher_server/metrics/metrics.h"
#include "tests/teacher_server/metrics/metric_samples.h"

namespace distill {
namespace {

using ::distill::testing::Samples;

const std::vector<std::string> kModels = {"large", "small"};

TEST(ModelMetricsTest, WhatHappensIsCountedUnderItsModel) {
  Metrics metrics(kModels);
  ModelMetrics& large = metrics.of("large");
  large.StreamOpened("ci");
  large.StreamOpened("ci");
  large.StreamOpened("");
  large.StreamClosed();
  large.RequestAnswered(32);
  large.RequestAnswered(8);
  large.RequestFailed();
  large.RequestsDropped(3);
  large.Received(1000);
  large.Sent(70);
  large.Rejected(RejectReason::kExpired);
  large.OnQueue(2, 48);
  large.OnQueue(1, 16);
  metrics.of("small").RequestAnswered(1);
  metrics.Rejected(RejectReason::kUnauthenticated);

  const std::map<std::string, double> samples = Samples(metrics);
  const std::map<std::string, double> expected = {
      {R"(distill_streams_open{model="large"})", 2},
      {R"(distill_streams_total{model="large",token="ci"})", 2},
      {R"(distill_streams_total{model="large",token="none"})", 1},
      {R"(distill_requests_total{model="large",outcome="ok"})", 2},
      {R"(distill_requests_total{model="large",outcome="failed"})", 1},
      {R"(distill_requests_total{model="large",outcome="dropped"})", 3},
      {R"(distill_samples_total{model="large"})", 40},
      {R"(distill_received_bytes_total{model="large"})", 1000},
      {R"(distill_sent_bytes_total{model="large"})", 70},
      {R"(distill_rejected_total{model="large",reason="expired"})", 1},
      {R"(distill_rejected_total{model="",reason="unauthenticated"})", 1},
      {R"(distill_queue_requests{model="large"})", 1},
      {R"(distill_queue_samples{model="large"})", 16},
      {R"(distill_samples_total{model="small"})", 1},
      {R"(distill_streams_open{model="small"})", 0},
  };
  for (const auto& [name, value] : expected) {
    ASSERT_TRUE(samples.contains(name)) << name;
    EXPECT_EQ(samples.at(name), value) << name;
  }
}

TEST(ModelMetricsTest, TimesAreSecondsAndBatchesAreSamples) {
  Metrics metrics(kModels);
  ModelMetrics& large = metrics.of("large");
  large.OnQueueTime(absl::Milliseconds(2));
  large.OnQueueTime(absl::Minutes(5));
  large.OnBatch(33, absl::Milliseconds(250), absl::Microseconds(50));

  const std::map<std::string, double> samples = Samples(metrics);
  EXPECT_EQ(samples.at(R"(distill_queue_seconds_bucket{model="large",le="0.001"})"), 0);
  EXPECT_EQ(samples.at(R"(distill_queue_seconds_bucket{model="large",le="0.003"})"), 1);
  EXPECT_EQ(samples.at(R"(distill_queue_seconds_bucket{model="large",le="60"})"), 1);
  EXPECT_EQ(samples.at(R"(distill_queue_seconds_bucket{model="large",le="+Inf"})"), 2);
  EXPECT_EQ(samples.at(R"(distill_compute_seconds_sum{model="large"})"), 0.25);
  EXPECT_EQ(samples.at(R"(distill_encode_seconds_bucket{model="large",le="0.0001"})"), 1);
  EXPECT_EQ(samples.at(R"(distill_batch_samples_bucket{model="large",le="32"})"), 0);
  EXPECT_EQ(samples.at(R"(distill_batch_samples_bucket{model="large",le="64"})"), 1);
}

TEST(ModelMetricsTest, CountsOfSeveralThreadsAllArrive) {
  Metrics metrics(kModels);
  constexpr int kThreads = 4;
  constexpr int kEach = 2000;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&metrics, i] {
      ModelMetrics& model = metrics.of("large");
      for (int j = 0; j < kEach; ++j) {
        model.StreamOpened(absl::StrCat("token", j % 2));
        model.RequestAnswered(i);
        model.OnQueueTime(absl::ZeroDuration());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::map<std::string, double> samples = Samples(metrics);
  EXPECT_EQ(samples.at(R"(distill_streams_total{model="large",token="token1"})"),
            kThreads * kEach / 2);
  EXPECT_EQ(samples.at(R"(distill_streams_open{model="large"})"), kThreads * kEach);
  EXPECT_EQ(samples.at(R"(distill_samples_total{model="large"})"), kEach * (0 + 1 + 2 + 3));
  EXPECT_EQ(samples.at(R"(distill_queue_seconds_count{model="large"})"), kThreads * kEach);
}

}  // namespace
}  // namespace distill
