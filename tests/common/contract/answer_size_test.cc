#include "common/contract/answer_size.h"

#include <gmock/gmock.h>

#include <limits>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::AllOf;
using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;

constexpr int64_t kMessage = 4 << 20;

AnswerRows Gpt2(int64_t rows, TargetSpec spec) {
  return {{"logits", OutputKind::kLogits, 50257, -1}, spec, rows};
}

TEST(AnswerSizeTest, ASequenceThatIsTooLargeIsRefusedWithWhatFits) {
  EXPECT_THAT(CheckAnswerFits({Gpt2(256, {.encoding = TargetEncoding::kDenseF16})}, kMessage),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      AllOf(HasSubstr("output 'logits': the 256 rows of a sample take 24.5 MiB as "
                                      "f16, and a message at most 4.00 MiB"),
                            HasSubstr("fitting encodings are top_k with k up to "),
                            HasSubstr("sampled with draws up to 4096"), Not(HasSubstr("bf16")))));
}

TEST(AnswerSizeTest, WhatIsSaidToFitFits) {
  const auto message = std::string(
      CheckAnswerFits({Gpt2(256, {.encoding = TargetEncoding::kDenseF16})}, kMessage).message());
  const std::string before = "k up to ";
  const auto largest = static_cast<int32_t>(std::stoi(message.substr(message.find(before) + 8)));
  EXPECT_THAT(
      CheckAnswerFits({Gpt2(256, {.encoding = TargetEncoding::kTopK, .k = largest})}, kMessage),
      IsOk());
  EXPECT_THAT(
      CheckAnswerFits({Gpt2(256, {.encoding = TargetEncoding::kTopK, .k = largest + 1})}, kMessage),
      Not(IsOk()));
}

TEST(AnswerSizeTest, VectorsHaveDenseEncodingsAlone) {
  const AnswerRows hidden{
      {"hidden", OutputKind::kHidden, 768, -1}, {.kind = OutputKind::kHidden}, 2048};
  EXPECT_THAT(
      CheckAnswerFits({hidden}, kMessage),
      ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("fitting encodings are f16, bf16")));
}

TEST(AnswerSizeTest, WhereNothingFitsFewerRowsAreAskedFor) {
  const int64_t most = std::numeric_limits<int64_t>::max();
  EXPECT_THAT(
      CheckAnswerFits({Gpt2(most, {})}, kMessage),
      ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("ask for fewer rows per sample")));
}

TEST(AnswerSizeTest, OutputsThatFitAloneMayBeTooLargeTogether) {
  const AnswerRows hidden{
      {"hidden", OutputKind::kHidden, 768, -1}, {.kind = OutputKind::kHidden}, 1000};
  EXPECT_THAT(CheckAnswerFits({hidden}, kMessage), IsOk());
  EXPECT_THAT(CheckAnswerFits({hidden, hidden}, kMessage),
              ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("ask for fewer outputs")));
}

}  // namespace
}  // namespace distill
