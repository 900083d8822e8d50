#include "common/targets/dense.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "common/models/host_tensors.h"
#include "gtest/gtest.h"

namespace distill {
namespace {

constexpr TargetSpec kF32 = {.encoding = TargetEncoding::kDenseF32};
constexpr TargetSpec kF16 = {.encoding = TargetEncoding::kDenseF16};

at::Tensor SomeLogits(int64_t rows, int64_t classes, double scale) {
  return at::sin(at::arange(rows * classes, at::kFloat) * 1.3).view({rows, classes}) * scale;
}

at::Tensor RoundTrip(const TargetSpec& spec, const at::Tensor& logits) {
  const EncodedTargets targets = EncodeDense(spec, logits);
  const absl::Status valid = Validate(targets);
  EXPECT_TRUE(valid.ok()) << valid;
  const absl::StatusOr<at::Tensor> decoded = DecodeDense(targets);
  EXPECT_TRUE(decoded.ok()) << decoded.status();
  return decoded.value_or(at::Tensor());
}

TEST(DenseTest, PartsAreThoseOfTheSpec) {
  for (const TargetSpec& spec : {kF32, kF16}) {
    const EncodedTargets targets = EncodeDense(spec, SomeLogits(5, 7, 3));
    EXPECT_EQ(targets.rows, 5);
    EXPECT_EQ(targets.classes, 7);
    EXPECT_EQ(targets.spec, spec);
    size_t bytes = 0;
    for (const HostTensor& part : targets.parts) bytes += part.bytes.size();
    EXPECT_EQ(bytes, 5 * static_cast<size_t>(BytesPerRow(spec, 7)));
  }
}

TEST(DenseTest, F32IsExact) {
  const at::Tensor logits = SomeLogits(9, 11, 123.456);
  EXPECT_TRUE(RoundTrip(kF32, logits).equal(logits));
}

TEST(DenseTest, F16IsWithinHalfAUnitInTheLastPlaceOfTheDistanceToTheMaximum) {
  for (double scale : {1e-3, 1.0, 30.0, 1e3, 1e4, 3e4}) {
    const at::Tensor logits = SomeLogits(16, 50, scale) + 7 * scale;
    const at::Tensor distance = logits.amax(1, true) - logits;
    // float16: 11 bits, and 2^-25 where it is subnormal; float32: the subtraction and the addition.
    const at::Tensor allowed =
        distance * 0x1.0p-11 + 0x1.0p-25 + logits.abs().amax(1, true) * 0x1.0p-22;
    const at::Tensor error = (RoundTrip(kF16, logits) - logits).abs();
    EXPECT_TRUE((error <= allowed).all().item<bool>()) << scale;
  }
}

TEST(DenseTest, F16KeepsTheMaximumExactly) {
  const at::Tensor logits = SomeLogits(8, 10, 77.7) + 12345.67;
  EXPECT_TRUE(RoundTrip(kF16, logits).amax(1).equal(logits.amax(1)));
}

TEST(DenseTest, F16HoldsLogitsOfTenThousandAndMoreWithoutOverflow) {
  const at::Tensor logits = at::tensor({1e4, -1e4, 0.0, -1e6, 1e6, 3.0}, at::kFloat).view({2, 3});
  const at::Tensor decoded = RoundTrip(kF16, logits);
  EXPECT_TRUE(at::isfinite(decoded).all().item<bool>());
  EXPECT_TRUE(decoded.softmax(1).equal(logits.softmax(1)));
  EXPECT_NEAR(decoded[0][1].item<float>(), -1e4, 10);
  // Clamped, and below any probability that a softmax can tell from 0.
  EXPECT_EQ(decoded[1][0].item<float>(), 1e6f - 65504);
}

TEST(DenseTest, EncodedSliceHoldsOnlyItsOwnMemoryAndOutlivesTheBatch) {
  EncodedTargets targets;
  {
    at::Tensor batch = SomeLogits(100, 4, 5);
    targets = EncodeDense(kF32, batch.slice(0, 3, 5));
    batch.fill_(0);
  }
  const absl::StatusOr<at::Tensor> decoded = DecodeDense(targets);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_TRUE(decoded->equal(SomeLogits(100, 4, 5).slice(0, 3, 5)));
}

TEST(DenseTest, LogitsThatAreNotContiguousKeepTheirOrder) {
  const at::Tensor logits = SomeLogits(6, 4, 5).t();
  EXPECT_TRUE(RoundTrip(kF32, logits).equal(logits));
  EXPECT_TRUE(at::allclose(RoundTrip(kF16, logits), logits, 0, 0.01));
}

TEST(DenseTest, NoRowsAreNoError) {
  for (const TargetSpec& spec : {kF32, kF16}) {
    EXPECT_EQ(RoundTrip(spec, at::empty({0, 3})).sizes(), (at::IntArrayRef{0, 3}));
  }
}

TEST(DenseTest, TargetsInPiecesDecodeAsOne) {
  const at::Tensor logits = SomeLogits(4, 5, 2);
  EncodedTargets targets = EncodeDense(kF32, logits);
  const Bytes whole = targets.parts[0].bytes;
  Bytes pieces = whole.Slice(0, 7);  // not even at an element's border
  pieces.Append(whole.Slice(7, whole.size() - 7));
  targets.parts[0].bytes = pieces;
  const absl::StatusOr<at::Tensor> decoded = DecodeDense(targets);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_TRUE(decoded->equal(logits));
}

TEST(DenseTest, DecodedLogitsMayEnterABackwardPass) {
  at::Tensor logits = RoundTrip(kF16, SomeLogits(2, 3, 1));
  logits.requires_grad_();
  logits.square().sum().backward();
  EXPECT_TRUE(logits.grad().defined());
}

TEST(DenseTest, NonFiniteElementsAreRefused) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (float bad : {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity}) {
    for (const TargetSpec& spec : {kF32, kF16}) {
      const EncodedTargets good = EncodeDense(spec, SomeLogits(4, 3, 1));
      for (size_t part = 0; part < good.parts.size(); ++part) {
        EncodedTargets targets = good;
        at::Tensor values = ToTorch(good.parts[part]);
        values.view({-1}).fill_(1)[2] = bad;
        targets.parts[part] = FromTorch(values);
        EXPECT_EQ(DecodeDense(targets).status().code(), absl::StatusCode::kInvalidArgument)
            << bad << " in part " << part << " of " << Name(spec.encoding);
      }
    }
  }
}

TEST(DecodeDenseTest, AnswersThatBelongTogetherFollowEachOther) {
  const at::Tensor logits = at::arange(12, at::kFloat).view({4, 3});
  const EncodedTargets answers[] = {EncodeDense({}, logits.slice(0, 0, 1)),
                                    EncodeDense({}, logits.slice(0, 1))};
  EXPECT_TRUE(DecodeDense(answers)->equal(logits));
  EXPECT_TRUE(DecodeDense(absl::MakeConstSpan(answers, 1))->equal(logits.slice(0, 0, 1)));
}

}  // namespace
}  // namespace distill
