#include <gtest/gtest.h>

#include "common/codec/encoding.h"
#include "common/contract/target_values.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::IsOk;

constexpr TargetSpec kF32 = {.encoding = TargetEncoding::kDenseF32};
constexpr TargetSpec kF16 = {.encoding = TargetEncoding::kDenseF16};
constexpr TargetSpec kBF16 = {.encoding = TargetEncoding::kDenseBF16};

at::Tensor DenseLogits(int64_t rows, int64_t classes, double scale) {
  return at::sin(at::arange(rows * classes, at::kFloat) * 1.3).view({rows, classes}) * scale;
}

at::Tensor Logits(const DecodedTargets& targets) { return std::get<FullLogits>(targets).logits; }

at::Tensor RoundTrip(const TargetSpec& spec, const at::Tensor& logits) {
  const EncodedTargets targets = EncodeTargets(spec, logits, {});
  EXPECT_THAT(Validate(targets), IsOk());
  EXPECT_THAT(ValidateValues(targets), IsOk());
  return Logits(DecodeTargets(targets));
}

TEST(DenseTest, PartsAreThoseOfTheSpec) {
  for (const TargetSpec& spec : {kF32, kF16, kBF16}) {
    const EncodedTargets targets = EncodeTargets(spec, DenseLogits(5, 7, 3), {});
    EXPECT_EQ(targets.rows, 5);
    EXPECT_EQ(targets.classes, 7);
    EXPECT_EQ(targets.spec, spec);
    size_t bytes = 0;
    for (const HostTensor& part : targets.parts) bytes += part.bytes.size();
    EXPECT_EQ(bytes, 5 * static_cast<size_t>(BytesPerRow(spec, 7)));
  }
}

TEST(DenseTest, F32IsExact) {
  const at::Tensor logits = DenseLogits(9, 11, 123.456);
  EXPECT_TRUE(RoundTrip(kF32, logits).equal(logits));
}

// Properties of the narrow types: the bits of the significand with the hidden one, and half the
// least subnormal.
struct Narrow {
  TargetSpec spec;
  double relative, absolute;
};
constexpr Narrow kNarrow[] = {{kF16, 0x1.0p-11, 0x1.0p-25}, {kBF16, 0x1.0p-8, 0x1.0p-133}};

TEST(DenseTest, NarrowTypesAreWithinHalfAUnitInTheLastPlaceOfTheDistanceToTheMaximum) {
  for (const Narrow& narrow : kNarrow) {
    for (double scale : {1e-3, 1.0, 30.0, 1e3, 1e4, 3e4}) {
      const at::Tensor logits = DenseLogits(16, 50, scale) + 7 * scale;
      const at::Tensor distance = logits.amax(1, true) - logits;
      // Adds the errors of float32: the subtraction and the addition.
      const at::Tensor allowed =
          distance * narrow.relative + narrow.absolute + logits.abs().amax(1, true) * 0x1.0p-22;
      const at::Tensor error = (RoundTrip(narrow.spec, logits) - logits).abs();
      EXPECT_TRUE((error <= allowed).all().item<bool>()) << scale << Name(narrow.spec.encoding);
    }
  }
}

TEST(DenseTest, KlToTheExactDistributionIsWithinTheStatedBound) {
  for (const Narrow& narrow : kNarrow) {
    for (const double scale : {0.1, 1.0, 5.0, 20.0, 100.0}) {
      const at::Tensor logits = DenseLogits(64, 200, scale);
      const at::Tensor log_p = logits.to(at::kDouble).log_softmax(1), p = log_p.exp();
      const at::Tensor log_q = RoundTrip(narrow.spec, logits).to(at::kDouble).log_softmax(1);
      const at::Tensor kl = (p * (log_p - log_q)).sum(1);
      const at::Tensor distance = (logits.amax(1, true) - logits).to(at::kDouble);
      const at::Tensor bound =
          narrow.relative * narrow.relative * (p * distance.square()).sum(1) + 1e-9;
      EXPECT_TRUE((kl <= bound).all().item<bool>()) << scale << Name(narrow.spec.encoding);
    }
  }
}

TEST(DenseTest, NarrowTypesKeepTheMaximumExactly) {
  const at::Tensor logits = DenseLogits(8, 10, 77.7) + 12345.67;
  EXPECT_TRUE(RoundTrip(kF16, logits).amax(1).equal(logits.amax(1)));
  EXPECT_TRUE(RoundTrip(kBF16, logits).amax(1).equal(logits.amax(1)));
}

TEST(DenseTest, NothingOverflows) {
  const at::Tensor logits =
      at::tensor({1e4, -1e4, 0.0, -1e4, 1e4, 1e4, -1e6, 1e6, 3.0}, at::kFloat).view({3, 3});
  const at::Tensor absurd = at::tensor({-9e29, 9e29}, at::kFloat).view({1, 2});
  for (const TargetSpec& spec : {kF32, kF16, kBF16}) {
    EXPECT_TRUE(at::isfinite(RoundTrip(spec, absurd)).all().item<bool>()) << Name(spec.encoding);
    const at::Tensor decoded = RoundTrip(spec, logits);
    EXPECT_TRUE(decoded.softmax(1).equal(logits.softmax(1))) << Name(spec.encoding);
  }
}

TEST(DenseTest, F16ClampsWhatNoSoftmaxCanTellFromZero) {
  const at::Tensor decoded = RoundTrip(kF16, at::tensor({-1e6f, 1e6f}).view({1, 2}));
  EXPECT_EQ(decoded[0][0].item<float>(), 1e6f - 65504);
}

TEST(DenseTest, EncodedSliceHoldsOnlyItsOwnMemoryAndOutlivesTheBatch) {
  EncodedTargets targets;
  {
    at::Tensor batch = DenseLogits(100, 4, 5);
    targets = EncodeTargets(kF32, batch.slice(0, 3, 5), {});
    batch.fill_(0);
  }
  EXPECT_TRUE(Logits(DecodeTargets(targets)).equal(DenseLogits(100, 4, 5).slice(0, 3, 5)));
}

TEST(DenseTest, LogitsThatAreNotContiguousKeepTheirOrder) {
  const at::Tensor logits = DenseLogits(6, 4, 5).t();
  EXPECT_TRUE(RoundTrip(kF32, logits).equal(logits));
  EXPECT_TRUE(at::allclose(RoundTrip(kF16, logits), logits, 0, 0.01));
}

TEST(DenseTest, NoRowsAreNoError) {
  for (const TargetSpec& spec : {kF32, kF16}) {
    EXPECT_EQ(RoundTrip(spec, at::empty({0, 3})).sizes(), (at::IntArrayRef{0, 3}));
  }
}

TEST(DenseTest, TargetsInPiecesDecodeAsOne) {
  const at::Tensor logits = DenseLogits(4, 5, 2);
  EncodedTargets targets = EncodeTargets(kF32, logits, {});
  const Bytes whole = targets.parts[0].bytes;
  Bytes pieces = whole.Slice(0, 7);  // not at the boundary of an element
  pieces.Append(whole.Slice(7, whole.size() - 7));
  targets.parts[0].bytes = pieces;
  EXPECT_TRUE(Logits(DecodeTargets(targets)).equal(logits));
}

TEST(DenseTest, DecodedLogitsMayEnterABackwardPass) {
  at::Tensor logits = RoundTrip(kF16, DenseLogits(2, 3, 1));
  logits.requires_grad_();
  logits.square().sum().backward();
  EXPECT_TRUE(logits.grad().defined());
}

TEST(DenseTest, AnswersThatBelongTogetherFollowEachOther) {
  const at::Tensor logits = at::arange(12, at::kFloat).view({4, 3});
  for (const TargetSpec& spec : {kF32, kF16}) {
    const EncodedTargets answers[] = {EncodeTargets(spec, logits.slice(0, 0, 1), {}),
                                      EncodeTargets(spec, logits.slice(0, 1), {})};
    EXPECT_TRUE(Logits(DecodeTargets(answers)).equal(logits));
    EXPECT_TRUE(Logits(DecodeTargets(answers[0])).equal(logits.slice(0, 0, 1)));
  }
}

}  // namespace
}  // namespace distill
