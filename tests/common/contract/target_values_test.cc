#include "common/contract/target_values.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "common/contract/bit_packing.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::AllOf;
using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;

constexpr int64_t kRows = 3, kClasses = 1000;

template <typename T>
HostTensor Part(const PartSpec& spec, const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return {spec.dtype, spec.shape, Bytes::FromString(std::move(bytes))};
}

// Returns the same row kRows times, with the row at index 1 replaced by the other values.
HostTensor PackedPart(const PartSpec& spec, const std::vector<int64_t>& row,
                      const std::vector<int64_t>& changed, int bits) {
  std::vector<uint8_t> bytes(static_cast<size_t>(kRows * spec.shape[1]));
  for (int64_t r = 0; r < kRows; ++r) {
    PackRow(r == 1 ? changed : row, bits, bytes.data() + r * spec.shape[1]);
  }
  return Part(spec, bytes);
}

// Bits of float16: 0, -1, …
constexpr uint16_t kZero = 0x0000, kMinusOne = 0xBC00, kOne = 0x3C00, kNaN = 0x7E00,
                   kMinusInfinity = 0xFC00, kMinusTen = 0xC900;

// Targets of 3 rows, 1000 classes, k = 2 and draws = 3, as far as the encoding has them. The fields
// are the values of row 1; the other rows hold the same parts with valid values.
struct RowOne {
  std::vector<int64_t> head = {4, 999};
  std::vector<uint16_t> log_probabilities = {kMinusOne, kMinusOne};
  uint16_t tail = 0xBD50;  // -1.328: e^-1 + e^-1 + e^-1.328 = 1.0007
  std::vector<int64_t> drawn = {0, 17, 0};
  std::vector<int64_t> counts = {1, 2, 0};
};

EncodedTargets Make(TargetEncoding encoding, const RowOne& one) {
  EncodedTargets targets{{.encoding = encoding}, kRows, kClasses, {}};
  if (HasK(encoding)) targets.spec.k = 2;
  if (HasDraws(encoding)) targets.spec.draws = 3;
  const RowOne good;
  const auto ids_of = [&](const RowOne& row) {
    std::vector<int64_t> ids;
    if (HasK(encoding)) ids = row.head;
    if (HasDraws(encoding)) ids.insert(ids.end(), row.drawn.begin(), row.drawn.end());
    return ids;
  };
  for (const PartSpec& spec : PartsOf(targets.spec, kRows, kClasses)) {
    if (spec.name == "ids") {
      targets.parts.push_back(PackedPart(spec, ids_of(good), ids_of(one), 10));
    } else if (spec.name == "counts") {
      targets.parts.push_back(PackedPart(spec, good.counts, one.counts, 2));
    } else if (spec.name == "tail") {
      targets.parts.push_back(Part<uint16_t>(spec, {good.tail, one.tail, good.tail}));
    } else {
      std::vector<uint16_t> all = good.log_probabilities;
      all.insert(all.end(), one.log_probabilities.begin(), one.log_probabilities.end());
      all.insert(all.end(), good.log_probabilities.begin(), good.log_probabilities.end());
      targets.parts.push_back(Part(spec, all));
    }
  }
  return targets;
}

constexpr TargetEncoding kSparse[] = {TargetEncoding::kTopK, TargetEncoding::kSampled,
                                      TargetEncoding::kHeadSampled};

TEST(TargetValuesTest, GoodOnesAre) {
  for (const TargetEncoding encoding : kSparse) {
    const EncodedTargets targets = Make(encoding, {});
    ASSERT_THAT(Validate(targets), IsOk());
    EXPECT_THAT(ValidateValues(targets), IsOk()) << Name(encoding);
  }
}

TEST(TargetValuesTest, WhatSoftTargetsCannotBeIsNamedWithItsRow) {
  const struct {
    RowOne row;
    const char* part;
    const char* message;
    bool head;  // true: the head has it; false: the draws
  } cases[] = {
      {{.head = {4, 1000}}, "ids of row 1", "1000, where classes are 1000", true},
      {{.head = {4, 4}}, "ids of row 1", "4 behind 4, and they ascend", true},
      {{.head = {5, 4}}, "ids of row 1", "and they ascend", true},
      {{.log_probabilities = {kOne, kMinusOne}}, "log_probabilities of row 1", "1 is not", true},
      {{.log_probabilities = {kMinusOne, kNaN}}, "log_probabilities of row 1", "nan", true},
      {{.log_probabilities = {kMinusInfinity, 0}}, "log_probabilities of row 1", "-inf", true},
      {{.tail = kOne}, "tail of row 1", "1 is not the logarithm", true},
      {{.tail = kNaN}, "tail of row 1", "nan", true},
      {{.log_probabilities = {kMinusOne, kZero}}, "log_probabilities of row 1", "sum", true},
      {{.tail = kMinusTen}, "log_probabilities of row 1", "sum to probability 0.7358", true},
      {{.drawn = {0, 1023, 0}}, "ids of row 1", "1023, where classes are 1000", false},
      {{.drawn = {17, 17, 0}}, "ids of row 1", "and they ascend", false},
      {{.drawn = {0, 17, 5}}, "ids of row 1", "5 in an unused place", false},
      {{.counts = {1, 1, 0}}, "counts of row 1", "2 draws, where 3 were agreed", false},
      {{.counts = {3, 1, 0}}, "counts of row 1", "4 draws, where 3 were agreed", false},
      {{.drawn = {0, 0, 17}, .counts = {1, 0, 2}}, "counts of row 1", "unused place", false},
  };
  for (const auto& c : cases) {
    for (const TargetEncoding encoding : kSparse) {
      if (!(c.head ? HasK(encoding) : HasDraws(encoding))) continue;
      EXPECT_THAT(ValidateValues(Make(encoding, c.row)),
                  ErrorIs(absl::StatusCode::kInvalidArgument,
                          AllOf(HasSubstr(c.part), HasSubstr(c.message))))
          << Name(encoding);
    }
  }
}

TEST(TargetValuesTest, DenseTargetsAreFinite) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float bad : {infinity, -infinity, std::nanf("")}) {
    EncodedTargets targets{{}, 2, 2, {}};
    const PartSpec spec = PartsOf(targets.spec, 2, 2)[0];
    targets.parts = {Part<float>(spec, {1, 2, 3, -9e29f})};
    EXPECT_THAT(ValidateValues(targets), IsOk());
    targets.parts = {Part<float>(spec, {1, 2, bad, 3})};
    EXPECT_THAT(ValidateValues(targets), ErrorIs(absl::StatusCode::kInvalidArgument,
                                                 HasSubstr("logits: an element is NaN")));
  }
}

TEST(TargetValuesTest, DenseTargetsLieWithinWhatALossCanTake) {
  EncodedTargets targets{{}, 1, 2, {}};
  targets.parts = {Part<float>(PartsOf(targets.spec, 1, 2)[0], {3e38f, -1})};
  EXPECT_THAT(ValidateValues(targets), ErrorIs(absl::StatusCode::kInvalidArgument,
                                               HasSubstr("logits: an element is beyond")));
  targets.spec.encoding = TargetEncoding::kDenseF16;
  const std::vector<PartSpec> specs = PartsOf(targets.spec, 1, 2);
  targets.parts = {Part<uint16_t>(specs[0], {0, kMinusOne}), Part<float>(specs[1], {7})};
  EXPECT_THAT(ValidateValues(targets), IsOk());
  targets.parts[1] = Part<float>(specs[1], {-2e38f});
  EXPECT_THAT(ValidateValues(targets), ErrorIs(absl::StatusCode::kInvalidArgument,
                                               HasSubstr("maximum: an element is beyond")));
  targets.parts = {Part<uint16_t>(specs[0], {kOne, kMinusOne}), Part<float>(specs[1], {7})};
  EXPECT_THAT(ValidateValues(targets),
              ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("above its row's maximum")));
}

TEST(TargetValuesTest, TheHeadIsNotDrawnFrom) {
  EXPECT_THAT(ValidateValues(Make(TargetEncoding::kHeadSampled, {.drawn = {0, 999, 0}})),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      HasSubstr("ids of row 1: 999 is in the head, and drawn")));
}

TEST(TargetValuesTest, WhereAllClassesAreInTheHeadThereIsNoTail) {
  EncodedTargets targets{{TargetEncoding::kTopK, 2, 0}, 1, 2, {}};
  const std::vector<PartSpec> specs = PartsOf(targets.spec, 1, 2);
  const auto with = [&](uint16_t tail, uint16_t first) {
    targets.parts = {Part<uint8_t>(specs[0], {0b10}), Part<uint16_t>(specs[1], {first, kMinusOne}),
                     Part<uint16_t>(specs[2], {tail})};
    return ValidateValues(targets);
  };
  EXPECT_THAT(with(0xFBFF, 0xB756), IsOk());  // e^-0.4587 + e^-1 = 1.0
  EXPECT_THAT(with(0xBD50, kMinusOne), ErrorIs(absl::StatusCode::kInvalidArgument,
                                               HasSubstr("where all classes are in the head")));
}

TEST(TargetValuesTest, NoRowsAreNoError) {
  for (const TargetEncoding encoding : kSparse) {
    EncodedTargets targets = Make(encoding, {});
    targets.rows = 0;
    for (HostTensor& part : targets.parts) part = {part.dtype, part.shape, {}};
    EXPECT_THAT(ValidateValues(targets), IsOk());
  }
}

}  // namespace
}  // namespace distill
