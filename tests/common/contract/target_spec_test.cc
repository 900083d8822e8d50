#include "common/contract/target_spec.h"

#include <gmock/gmock.h>

#include <string>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::AllOf;
using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;

constexpr auto kInvalidArgument = absl::StatusCode::kInvalidArgument;
constexpr TargetEncoding kAllEncodings[] = {
    TargetEncoding::kDenseF32, TargetEncoding::kDenseF16, TargetEncoding::kDenseBF16,
    TargetEncoding::kTopK,     TargetEncoding::kSampled,  TargetEncoding::kHeadSampled};

TargetSpec SomeSpec(TargetEncoding encoding) {
  return {.encoding = encoding, .k = HasK(encoding) ? 3 : 0, .draws = HasDraws(encoding) ? 5 : 0};
}

EncodedTargets Zeros(TargetEncoding encoding, int64_t rows, int64_t classes) {
  EncodedTargets targets{SomeSpec(encoding), rows, classes, {}};
  for (const PartSpec& part : PartsOf(targets.spec, rows, classes)) {
    targets.parts.push_back({part.dtype, part.shape,
                             Bytes::FromString(std::string(*ByteSize(part.dtype, part.shape), 0))});
  }
  return targets;
}

TEST(TargetEncodingTest, NamesAreReadBack) {
  for (const TargetEncoding encoding : kAllEncodings) {
    EXPECT_EQ(*ParseTargetEncoding(Name(encoding)), encoding);
  }
  EXPECT_EQ(Name(TargetEncoding::kHeadSampled), "head_sampled");
}

TEST(TargetEncodingTest, AnUnknownNameIsRefusedWithTheKnown) {
  EXPECT_THAT(ParseTargetEncoding("f64"),
              ErrorIs(kInvalidArgument,
                      AllOf(HasSubstr("'f64'"),
                            HasSubstr("must be f32, f16, bf16, top_k, sampled or head_sampled"))));
}

TEST(TargetSpecTest, EveryEncodingIsGranted) {
  EXPECT_THAT(AllEncodings(), ::testing::ElementsAreArray(kAllEncodings));
  for (const TargetEncoding encoding : kAllEncodings) {
    for (const int64_t classes : {int64_t{4}, int64_t{10}, kMaxClasses}) {
      EXPECT_THAT(Validate(SomeSpec(encoding), classes), IsOk());
    }
  }
}

TEST(TargetSpecTest, AnUnknownEncodingIsRefusedWithTheListOfThoseKnown) {
  EXPECT_THAT(Validate(TargetSpec{.encoding = static_cast<TargetEncoding>(99)}, 10),
              ErrorIs(kInvalidArgument,
                      HasSubstr("is 99; must be f32, f16, bf16, top_k, sampled or head_sampled")));
}

TEST(TargetSpecTest, ParametersOutOfRangeAreRefused) {
  const auto check = [](TargetEncoding encoding, int32_t k, int32_t draws) {
    return Validate(TargetSpec{encoding, k, draws}, 10);
  };
  EXPECT_THAT(check(TargetEncoding::kTopK, 1, 0), IsOk());
  EXPECT_THAT(check(TargetEncoding::kTopK, 10, 0), IsOk());
  EXPECT_THAT(
      check(TargetEncoding::kTopK, 0, 0),
      ErrorIs(kInvalidArgument, HasSubstr("`k` is 0; must be 1 to 10 with the encoding top_k")));
  EXPECT_THAT(check(TargetEncoding::kTopK, 11, 0),
              ErrorIs(kInvalidArgument, HasSubstr("`k` is 11")));
  EXPECT_THAT(check(TargetEncoding::kTopK, 3, 1),
              ErrorIs(kInvalidArgument, HasSubstr("`draws` is 1; must be 0")));
  EXPECT_THAT(check(TargetEncoding::kSampled, 0, 4096), IsOk());
  EXPECT_THAT(check(TargetEncoding::kSampled, 0, 0),
              ErrorIs(kInvalidArgument, HasSubstr("1 to 4096")));
  EXPECT_THAT(check(TargetEncoding::kSampled, 0, 4097),
              ErrorIs(kInvalidArgument, HasSubstr("`draws` is 4097")));
  EXPECT_THAT(check(TargetEncoding::kSampled, 2, 3),
              ErrorIs(kInvalidArgument, HasSubstr("`k` is 2; must be 0")));
  EXPECT_THAT(check(TargetEncoding::kHeadSampled, 9, 1), IsOk());
  // There is nothing to draw from an empty tail.
  EXPECT_THAT(check(TargetEncoding::kHeadSampled, 10, 1),
              ErrorIs(kInvalidArgument, HasSubstr("`k` is 10; must be 1 to 9")));
  EXPECT_THAT(check(TargetEncoding::kHeadSampled, 3, -1),
              ErrorIs(kInvalidArgument, HasSubstr("draws")));
}

TEST(TargetSpecTest, ParametersThatTheEncodingDoesNotHaveAreRefused) {
  EXPECT_THAT(Validate(TargetSpec{.k = 1}, 10),
              ErrorIs(kInvalidArgument, HasSubstr("`k` is 1; must be 0")));
  EXPECT_THAT(Validate(TargetSpec{.encoding = TargetEncoding::kDenseF16, .draws = -1}, 10),
              ErrorIs(kInvalidArgument, HasSubstr("`draws` is -1; must be 0")));
}

TEST(TargetSpecTest, ClassesOutOfRangeAreRefused) {
  for (const int64_t classes : {int64_t{-1}, int64_t{0}, kMaxClasses + 1}) {
    EXPECT_THAT(Validate(TargetSpec{}, classes), ErrorIs(kInvalidArgument, HasSubstr("classes")));
  }
}

TEST(TargetSpecTest, BytesPerRowAreThoseOfTheFormulas) {
  for (const int64_t classes : {int64_t{1}, int64_t{10}, kMaxClasses}) {
    EXPECT_EQ(BytesPerRow({.encoding = TargetEncoding::kDenseF32}, classes), 4 * classes);
    EXPECT_EQ(BytesPerRow({.encoding = TargetEncoding::kDenseF16}, classes), 2 * classes + 4);
    EXPECT_EQ(BytesPerRow({.encoding = TargetEncoding::kDenseBF16}, classes), 2 * classes + 4);
  }
}

TEST(TargetSpecTest, TwelveEntriesOf128000ClassesTakeTheBytesPromised) {
  const int64_t classes = 128'000;
  EXPECT_EQ(BytesPerRow({TargetEncoding::kTopK, 12, 0}, classes), 26 + 24 + 2);
  EXPECT_EQ(BytesPerRow({TargetEncoding::kSampled, 0, 12}, classes), 26 + 6);
  EXPECT_EQ(BytesPerRow({TargetEncoding::kHeadSampled, 6, 6}, classes), 26 + 12 + 2 + 3);
}

TEST(TargetSpecTest, PartsHaveTheBytesOfTheirRows) {
  for (const TargetEncoding encoding : kAllEncodings) {
    size_t bytes = 0;
    for (const HostTensor& part : Zeros(encoding, 7, 10).parts) bytes += part.bytes.size();
    EXPECT_EQ(static_cast<int64_t>(bytes), 7 * BytesPerRow(SomeSpec(encoding), 10));
  }
}

TEST(EncodedTargetsTest, TheirOwnPartsAreValid) {
  for (const TargetEncoding encoding : kAllEncodings) {
    EXPECT_THAT(Validate(Zeros(encoding, 7, 10)), IsOk());
    EXPECT_THAT(Validate(Zeros(encoding, 0, 10)), IsOk());
  }
}

TEST(EncodedTargetsTest, WhatDoesNotFitIsNamed) {
  const EncodedTargets valid = Zeros(TargetEncoding::kDenseF16, 7, 10);
  const struct {
    void (*break_it)(EncodedTargets&);
    const char* message;
  } cases[] = {
      {[](EncodedTargets& t) { t.parts.pop_back(); }, "the number of parts is 1; must be 2"},
      {[](EncodedTargets& t) { t.parts.push_back(t.parts[1]); },
       "the number of parts is 3; must be 2"},
      {[](EncodedTargets& t) { std::swap(t.parts[0], t.parts[1]); },
       "logits is float32[7]; must be float16[7, 10]"},
      {[](EncodedTargets& t) { t.parts[0].dtype = DType::kBFloat16; },
       "logits is bfloat16[7, 10]; must be"},
      {[](EncodedTargets& t) {
         t.parts[1].shape = {7, 1};
       },
       "maximum is float32[7, 1]; must be float32[7]"},
      {[](EncodedTargets& t) { t.parts[1].bytes = t.parts[1].bytes.Slice(0, 27); },
       "maximum: the number of bytes of float32[7] is 27; must be 28"},
      {[](EncodedTargets& t) { t.rows = 8; }, "; must be float16[8, 10]"},
      {[](EncodedTargets& t) { t.rows = -1; }, "the number of rows is -1; must be"},
      {[](EncodedTargets& t) { t.classes = 11; }, "; must be float16[7, 11]"},
      {[](EncodedTargets& t) { t.classes = int64_t{1} << 62; },
       "the number of classes is 4611686018427387904; must be"},
  };
  for (const auto& c : cases) {
    EncodedTargets targets = valid;
    c.break_it(targets);
    EXPECT_THAT(Validate(targets), ErrorIs(kInvalidArgument, HasSubstr(c.message)));
  }
}

}  // namespace
}  // namespace distill
