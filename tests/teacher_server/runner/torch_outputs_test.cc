#include "teacher_server/runner/torch_outputs.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <utility>
#include <vector>

#include "common/codec/encoding.h"
#include "tests/testing/counting_allocator.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::distill::testing::CountingAllocator;
using ::distill::testing::IsOk;
using ::distill::testing::StatusIs;

TorchOutputs OutputsOf(const at::Tensor& logits) {
  const auto rows = std::make_shared<BatchRows>(std::vector<at::Tensor>{logits}, logits.size(1));
  return {{{rows, 0, logits.size(0)}}, std::nullopt, std::make_shared<TeacherFaults>()};
}

std::vector<OutputEncoding> Encodings() {
  std::vector<OutputEncoding> encodings;
  for (const TargetEncoding encoding : AllEncodings()) {
    encodings.push_back({.spec = {.encoding = encoding,
                                  .k = HasK(encoding) ? 3 : 0,
                                  .draws = HasDraws(encoding) ? 4 : 0}});
  }
  return encodings;
}

TEST(TorchOutputsTest, ARangeOfRowsIsEncodedAsAmongTheOthers) {
  const TorchOutputs outputs = OutputsOf(at::randn({9, 20}));
  const EncodeOptions options{.temperature = 2, .seed = 7};
  ASSERT_EQ(outputs.rows(0), 9);
  for (const OutputEncoding& encoding : Encodings()) {
    const auto all = outputs.Encode(0, {0, 9}, encoding, options);
    const auto some = outputs.Encode(0, {4, 3}, encoding, options);
    ASSERT_THAT(all, IsOk());
    ASSERT_THAT(some, IsOk());
    EXPECT_THAT(Validate(*some), IsOk());
    ASSERT_EQ(some->rows, 3);
    for (size_t i = 0; i < all->parts.size(); ++i) {
      const size_t row = all->parts[i].bytes.size() / 9;
      EXPECT_EQ(some->parts[i].bytes, all->parts[i].bytes.Slice(4 * row, 3 * row))
          << Name(encoding.spec.encoding);
    }
  }
}

// Four rows are one piece.
constexpr int64_t kManyClasses = BatchRows::kChunkBytes / 4 / sizeof(float);

TEST(TorchOutputsTest, PiecesGiveTheBytesOfTheWhole) {
  const at::Tensor logits = at::rand({6, kManyClasses});
  const TorchOutputs outputs = OutputsOf(logits);
  for (const OutputEncoding& encoding : Encodings()) {
    const EncodedTargets whole = EncodeTargets(encoding.spec, logits, {.seed = 3});
    const auto pieces = outputs.Encode(0, {0, 6}, encoding, {.seed = 3});
    ASSERT_THAT(pieces, IsOk());
    EXPECT_THAT(Validate(*pieces), IsOk());
    for (size_t i = 0; i < whole.parts.size(); ++i) {
      EXPECT_EQ(pieces->parts[i].bytes, whole.parts[i].bytes) << Name(encoding.spec.encoding);
    }
  }
}

TEST(TorchOutputsTest, WhatEncodingTakesDoesNotGrowWithTheRows) {
  CountingAllocator& allocator = CountingAllocator::Install();
  std::vector<size_t> taken;  // beside the answer
  for (const int64_t rows : {8, 24}) {
    const TorchOutputs outputs = OutputsOf(at::zeros({rows, kManyClasses}));
    const OutputEncoding half{.spec = {.encoding = TargetEncoding::kDenseF16}};
    allocator.Begin();
    const auto answer = outputs.Encode(0, {0, rows}, half, {});
    ASSERT_THAT(answer, IsOk());
    const auto answer_bytes = static_cast<size_t>(rows * BytesPerRow(half.spec, kManyClasses));
    taken.push_back(allocator.most() - answer_bytes);
  }
  EXPECT_LE(taken[1], taken[0] + (1 << 20));
  EXPECT_LE(taken[1], size_t{3} * BatchRows::kChunkBytes);
}

TEST(TorchOutputsTest, RowsThatAreMadeAreMadeOncePerChunkWhoeverAsks) {
  int made = 0;
  const BatchRows::Make twice = [&made](const at::Tensor& x) {
    ++made;
    return x.expand({x.size(0), kManyClasses}) * 2;
  };
  // Two pieces, of one chunk and of two.
  const at::Tensor features = at::arange(9, at::kFloat).view({9, 1});
  const auto rows = std::make_shared<BatchRows>(
      std::vector<at::Tensor>{features.narrow(0, 0, 3), features.narrow(0, 3, 6)}, kManyClasses,
      twice);
  int64_t first = 0;
  for (const int64_t count : {1, 4, 2, 2}) {  // requests
    const TorchOutputs outputs({{rows, first, count}}, std::nullopt,
                               std::make_shared<TeacherFaults>());
    const auto answer = outputs.Encode(0, {0, count}, {}, {});
    ASSERT_THAT(answer, IsOk());
    const at::Tensor logits = std::get<FullLogits>(DecodeTargets(*answer)).logits;
    EXPECT_TRUE(
        logits.select(1, kManyClasses - 1).equal(features.narrow(0, first, count).squeeze(1) * 2));
    first += count;
  }
  EXPECT_EQ(made, 3);
}

TEST(TorchOutputsTest, VectorsBeyondFloat16AreRefusedInItAlone) {
  at::Tensor values = at::ones({2, 3});
  values[1][1] = 70000;
  const TorchOutputs outputs = OutputsOf(values);
  OutputEncoding encoding{.spec = {.kind = OutputKind::kFeatures}};
  EXPECT_THAT(outputs.Encode(0, {0, 2}, encoding, {}), IsOk());
  encoding.spec.encoding = TargetEncoding::kDenseBF16;
  EXPECT_THAT(outputs.Encode(0, {0, 2}, encoding, {}), IsOk());
  encoding.spec.encoding = TargetEncoding::kDenseF16;
  EXPECT_THAT(outputs.Encode(0, {0, 1}, encoding, {}), IsOk());
  EXPECT_THAT(outputs.Encode(0, {0, 2}, encoding, {}).status(),
              StatusIs(absl::StatusCode::kInternal, ::testing::HasSubstr("ask for bf16 or f32")));
}

TEST(TorchOutputsTest, OnlyTheRowsThatAreNotFiniteFail) {
  at::Tensor logits = at::zeros({3, 5});
  logits[1][2] = std::numeric_limits<double>::infinity();
  const TorchOutputs outputs = OutputsOf(logits);
  EXPECT_THAT(outputs.Encode(0, {0, 1}, {}, {}), IsOk());
  EXPECT_THAT(outputs.Encode(0, {0, 2}, {}, {}).status(), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(outputs.Encode(0, {2, 1}, {}, {}), IsOk());
}

}  // namespace
}  // namespace distill
