#include "common/client/session/request_cut.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/base/random.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::distill::testing::ErrorIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

HostTensor Inputs(int64_t samples, int64_t bytes) {
  return {DType::kUint8,
          {samples, bytes},
          Bytes::FromString(std::string(static_cast<size_t>(samples * bytes), 'x'))};
}

constexpr StreamLimits kLimits = {
    .credits = 4096, .max_request_samples = 1024, .max_message_bytes = 8 << 20};

AnswerOutput Logits(int64_t classes, TargetEncoding encoding = TargetEncoding::kDenseF32) {
  return {.output = {"logits", OutputKind::kLogits, classes, 1}, .spec = {.encoding = encoding}};
}

TEST(RequestCutTest, AnAnswerHasTheBytesOfItsOutputs) {
  const AnswerOutput features{.output = {"features", OutputKind::kFeatures, 64, 1},
                              .spec = {.kind = OutputKind::kFeatures}};
  EXPECT_EQ(AnswerBytesPerSample({Logits(10)}), 40);
  EXPECT_EQ(AnswerBytesPerSample({Logits(10), features}), 40 + 256);
}

TEST(RequestCutTest, ASmallBatchIsOneRequest) {
  EXPECT_THAT(*CutIntoRequests(Inputs(128, 784), 40, kLimits), ElementsAre(RequestRange{0, 128}));
  EXPECT_THAT(*CutIntoRequests(Inputs(0, 784), 40, kLimits), IsEmpty());
}

TEST(RequestCutTest, InputsAreCutByTheirBytes) {
  EXPECT_THAT(
      *CutIntoRequests(Inputs(10, 300'000), 40, kLimits),
      ElementsAre(RequestRange{0, 3}, RequestRange{3, 6}, RequestRange{6, 9}, RequestRange{9, 10}));
}

TEST(RequestCutTest, AnswersAreCutByTheirBytes) {
  // 4·100,000 bytes per row in float32, half of that in float16.
  EXPECT_EQ(CutIntoRequests(Inputs(8, 4), AnswerBytesPerSample({Logits(100'000)}), kLimits)
                ->front()
                .samples(),
            2);
  EXPECT_EQ(
      CutIntoRequests(Inputs(8, 4),
                      AnswerBytesPerSample({Logits(100'000, TargetEncoding::kDenseF16)}), kLimits)
          ->front()
          .samples(),
      5);
  EXPECT_EQ(CutIntoRequests(Inputs(8, 4), AnswerBytesPerSample({Logits(1000)}, 100), kLimits)
                ->front()
                .samples(),
            2);
}

TEST(RequestCutTest, ALargeSampleIsARequestOfItsOwn) {
  EXPECT_THAT(*CutIntoRequests(Inputs(2, 3 << 20), 40, kLimits),
              ElementsAre(RequestRange{0, 1}, RequestRange{1, 2}));
}

TEST(RequestCutTest, ASampleOverTheMessageLimitIsRefused) {
  EXPECT_THAT(CutIntoRequests(Inputs(1, 8 << 20), 40, kLimits),
              ErrorIs(absl::StatusCode::kResourceExhausted, HasSubstr("8388608")));
  EXPECT_THAT(CutIntoRequests(Inputs(1, 4), 12'000'000, kLimits),
              ErrorIs(absl::StatusCode::kResourceExhausted, HasSubstr("12000000")));
}

TEST(RequestCutTest, EveryCutCoversTheBatchInOrderWithinTheLimits) {
  SplitMix64 random(5);
  for (int i = 0; i < 300; ++i) {
    const auto samples = static_cast<int64_t>(random.Below(300));
    const auto bytes = static_cast<int64_t>(1 + random.Below(20'000));
    const StreamLimits limits = {
        .credits = 4096,
        .max_request_samples = static_cast<int64_t>(1 + random.Below(200)),
        .max_message_bytes = static_cast<int64_t>(100'000 + random.Below(2'000'000))};
    const auto ranges = CutIntoRequests(Inputs(samples, bytes), 40, limits);
    ASSERT_TRUE(ranges.ok());
    int64_t next = 0;
    for (const RequestRange& range : *ranges) {
      EXPECT_EQ(range.begin, next);
      EXPECT_GE(range.samples(), 1);
      EXPECT_LE(range.samples(), limits.max_request_samples);
      EXPECT_LT(range.samples() * bytes, limits.max_message_bytes);
      EXPECT_LE(range.samples() * bytes, kRequestBytes);
      next = range.end;
    }
    EXPECT_EQ(next, samples);
  }
}

}  // namespace
}  // namespace distill
