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

// The requests about samples of one shape, with 40 bytes of logits each unless `outputs` are given.
absl::StatusOr<std::vector<RequestRange>> Cut(HostTensor inputs,
                                              std::vector<AnswerOutput> outputs = {Logits(10)},
                                              int64_t rows_per_sample = 1,
                                              const StreamLimits& limits = kLimits) {
  const auto cut = CutIntoRequests({{std::move(inputs)}}, outputs, rows_per_sample, limits);
  if (!cut.ok()) return cut.status();
  return cut->ranges;
}

TEST(RequestCutTest, TheBytesOfInputsAndAnswersAreCounted) {
  const AnswerOutput features{.output = {"features", OutputKind::kFeatures, 64, 1},
                              .spec = {.kind = OutputKind::kFeatures}};
  EXPECT_EQ(CutIntoRequests({{Inputs(3, 7)}}, {Logits(10)}, 1, kLimits)->bytes, 3 * (7 + 40));
  EXPECT_EQ(CutIntoRequests({{Inputs(3, 7)}}, {Logits(10), features}, 1, kLimits)->bytes,
            3 * (7 + 40 + 256));
}

TEST(RequestCutTest, ASmallBatchIsOneRequest) {
  EXPECT_THAT(*Cut(Inputs(128, 784)), ElementsAre(RequestRange{0, 128}));
  EXPECT_THAT(*Cut(Inputs(0, 784)), IsEmpty());
}

TEST(RequestCutTest, InputsAreCutByTheirBytes) {
  EXPECT_THAT(*Cut(Inputs(10, 300'000)), ElementsAre(RequestRange{0, 3}, RequestRange{3, 6},
                                                     RequestRange{6, 9}, RequestRange{9, 10}));
}

TEST(RequestCutTest, AnswersAreCutByTheirBytes) {
  // 4·100,000 bytes per row in float32, half of that in float16.
  EXPECT_EQ(Cut(Inputs(8, 4), {Logits(100'000)})->front().samples(), 2);
  EXPECT_EQ(Cut(Inputs(8, 4), {Logits(100'000, TargetEncoding::kDenseF16)})->front().samples(), 5);
  EXPECT_EQ(Cut(Inputs(8, 4), {Logits(1000)}, 100)->front().samples(), 2);
}

TEST(RequestCutTest, ALargeSampleIsARequestOfItsOwn) {
  EXPECT_THAT(*Cut(Inputs(2, 3 << 20)), ElementsAre(RequestRange{0, 1}, RequestRange{1, 2}));
}

TEST(RequestCutTest, ASampleOverTheMessageLimitIsRefused) {
  EXPECT_THAT(Cut(Inputs(1, 8 << 20)),
              ErrorIs(absl::StatusCode::kResourceExhausted, HasSubstr("8388608")));
  EXPECT_THAT(Cut(Inputs(1, 4), {Logits(3'000'000)}),
              ErrorIs(absl::StatusCode::kResourceExhausted, HasSubstr("12000000")));
}

// Samples of the lengths given, a byte per position.
AskedBatch Sequences(std::vector<int64_t> lengths, std::vector<bool> wanted = {}) {
  int64_t positions = 0;
  for (const int64_t length : lengths) positions += length;
  return {{{{DType::kUint8,
             {positions},
             Bytes::FromString(std::string(static_cast<size_t>(positions), 'x'))},
            std::move(lengths)}},
          std::move(wanted)};
}

AnswerOutput LogitsByPosition(int64_t classes) {
  return {.output = {"logits", OutputKind::kLogits, classes, -1}, .spec = {}};
}

TEST(RequestCutTest, SamplesOfDifferentLengthsAreCutByTheirOwnBytes) {
  // 400,000 bytes per position: two positions fit.
  const auto cut =
      CutIntoRequests(Sequences({1, 1, 2, 1, 1}), {LogitsByPosition(100'000)}, 1, kLimits);
  ASSERT_TRUE(cut.ok());
  EXPECT_THAT(cut->ranges, ElementsAre(RequestRange{0, 2}, RequestRange{2, 3}, RequestRange{3, 5}));
  EXPECT_EQ(cut->bytes, 6 + 6 * 400'000);
}

TEST(RequestCutTest, PositionsThatAreNotWantedTakeNoRoomInTheAnswer) {
  const AskedBatch batch =
      Sequences({4, 4, 2}, {true, false, false, false, false, false, false, true, true, true});
  const auto cut = CutIntoRequests(batch, {LogitsByPosition(100'000)}, 1, kLimits);
  ASSERT_TRUE(cut.ok());
  EXPECT_THAT(cut->ranges, ElementsAre(RequestRange{0, 2}, RequestRange{2, 3}));
  const SoftTargetRequest first = MakeRequest(batch, cut->ranges[0], 1);
  EXPECT_EQ(first.inputs[0].lengths, (std::vector<int64_t>{4, 4}));
  EXPECT_EQ(first.row_mask, "\x81");
  EXPECT_EQ(MakeRequest(batch, cut->ranges[1], 1).row_mask, "");  // all of them
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
    const auto ranges = Cut(Inputs(samples, bytes), {Logits(10)}, 1, limits);
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
