// Tests targets of outputs that are not logits.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/codec/encoding.h"
#include "common/contract/target_values.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::distill::testing::IsOk;
using ::distill::testing::StatusIs;
using ::testing::HasSubstr;

constexpr TargetSpec Spec(TargetEncoding encoding) {
  return {.encoding = encoding, .kind = OutputKind::kFeatures};
}

TEST(VectorsTest, DecodeToWhatWasEncodedWithinTheirType) {
  const at::Tensor values = at::randn({6, 5}) * 100;
  const struct {
    TargetEncoding encoding;
    double error;  // relative, of each number
    int64_t bytes_per_row;
  } cases[] = {{TargetEncoding::kDenseF32, 0, 20},
               {TargetEncoding::kDenseF16, 1.0 / 2048, 10},
               {TargetEncoding::kDenseBF16, 1.0 / 256, 10}};
  for (const auto& c : cases) {
    const EncodedTargets encoded = EncodeTargets(Spec(c.encoding), values, {});
    ASSERT_THAT(Validate(encoded), IsOk());
    ASSERT_THAT(ValidateValues(encoded), IsOk());
    EXPECT_EQ(BytesPerRow(encoded.spec, 5), c.bytes_per_row);
    ASSERT_EQ(encoded.parts.size(), 1u);
    EXPECT_EQ(encoded.parts[0].bytes.size(), static_cast<size_t>(6 * c.bytes_per_row));
    const DecodedTargets decoded = DecodeTargets(encoded);
    EXPECT_EQ(FormOf(decoded), TargetForm::kVectors);
    EXPECT_EQ(Rows(decoded), 6);
    EXPECT_EQ(Classes(decoded), 5);
    EXPECT_TRUE(at::allclose(std::get<Vectors>(decoded).values, values, c.error, 0));
  }
}

TEST(VectorsTest, SeveralAnswersAreConsecutiveRows) {
  const at::Tensor values = at::randn({6, 5});
  const TargetSpec spec = Spec(TargetEncoding::kDenseF32);
  const EncodedTargets answers[] = {EncodeTargets(spec, values.narrow(0, 0, 2), {}),
                                    EncodeTargets(spec, values.narrow(0, 2, 4), {})};
  EXPECT_TRUE(std::get<Vectors>(DecodeTargets(answers)).values.equal(values));
}

TEST(VectorsTest, HaveDenseEncodingsAlone) {
  for (const TargetEncoding encoding : AllEncodings()) {
    TargetSpec spec = Spec(encoding);
    spec.k = HasK(encoding) ? 1 : 0;
    spec.draws = HasDraws(encoding) ? 1 : 0;
    if (spec.k == 0 && spec.draws == 0) {
      EXPECT_THAT(Validate(spec, 5), IsOk());
    } else {
      EXPECT_THAT(Validate(spec, 5), StatusIs(absl::StatusCode::kInvalidArgument,
                                              HasSubstr("the encoding of features is ")));
    }
  }
  EXPECT_THAT(Validate(Spec(TargetEncoding::kDenseF32), 0),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("the width of the output")));
}

TEST(VectorsTest, MustBeFinite) {
  for (const TargetEncoding encoding :
       {TargetEncoding::kDenseF32, TargetEncoding::kDenseF16, TargetEncoding::kDenseBF16}) {
    at::Tensor values = at::full({2, 3}, 1e30);
    values[1][2] = std::numeric_limits<double>::infinity();
    EXPECT_THAT(ValidateValues(EncodeTargets(Spec(encoding), values, {})),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("NaN or infinite")));
  }
  // What no logit may be.
  EXPECT_THAT(
      ValidateValues(EncodeTargets(Spec(TargetEncoding::kDenseF32), at::full({2, 3}, 1e35), {})),
      IsOk());
}

}  // namespace
}  // namespace distill
