#include "common/contract/target_values.h"

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/contract/bit_packing.h"
#include "common/tensor/elements.h"

namespace distill {
namespace {

constexpr uint16_t kNoTail = 0xFBFF;  // -65504, the least finite float16

template <typename... Words>
absl::Status Wrong(absl::string_view part, int64_t row, const Words&... what) {
  return absl::InvalidArgumentError(absl::StrCat(part, " of row ", row, ": ", what...));
}

absl::Status ValidateVectors(const EncodedTargets& targets) {
  if (AllFinite(targets.parts[0])) return absl::OkStatus();
  return absl::InvalidArgumentError("values: an element is NaN or infinite");
}

absl::Status ValidateDense(const EncodedTargets& targets) {
  const std::vector<PartSpec> specs = PartsOf(targets.spec, targets.rows, targets.classes);
  for (size_t i = 0; i < specs.size(); ++i) {
    const HostTensor& part = targets.parts[i];
    // NaN and infinity are not below any limit, so valid values need only this one pass.
    if (!AllBelow(part, kLargestLogit)) {
      const std::string what =
          AllFinite(part) ? absl::StrCat("beyond ", kLargestLogit) : "NaN or infinite";
      return absl::InvalidArgumentError(absl::StrCat(specs[i].name, ": an element is ", what));
    }
    if (ByteWidth(part.dtype) == 2 && !NonePositive(part)) {
      return absl::InvalidArgumentError(
          absl::StrCat(specs[i].name, ": an element is above its row's maximum"));
    }
  }
  return absl::OkStatus();
}

// `ids` holds the ids of the row that remain to be checked.
absl::Status CheckIds(absl::Span<const int64_t> ids, int64_t classes, int64_t row) {
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= classes) return Wrong("ids", row, ids[i], ", where classes are ", classes);
    if (i > 0 && ids[i] <= ids[i - 1]) {
      return Wrong("ids", row, ids[i], " behind ", ids[i - 1], ", and they ascend");
    }
  }
  return absl::OkStatus();
}

// Both lists ascend.
absl::Status CheckDisjoint(absl::Span<const int64_t> head, absl::Span<const int64_t> drawn,
                           int64_t row) {
  for (size_t h = 0, d = 0; h < head.size() && d < drawn.size();) {
    if (head[h] == drawn[d]) return Wrong("ids", row, head[h], " is in the head, and drawn");
    head[h] < drawn[d] ? ++h : ++d;
  }
  return absl::OkStatus();
}

// Checks the probabilities of the head and of the tail, given their logarithms.
absl::Status CheckProbabilities(absl::Span<const uint16_t> log_probabilities, uint16_t tail,
                                int64_t classes, int64_t row) {
  double sum = 0;
  for (const uint16_t bits : log_probabilities) {
    const float value = HalfToFloat(bits);
    if (!(value <= 0) || std::isinf(value)) {
      return Wrong("log_probabilities", row, value, " is not the logarithm of a probability");
    }
    sum += std::exp(value);
  }
  const float tail_value = HalfToFloat(tail);
  if (!(tail_value <= 0) || std::isinf(tail_value)) {
    return Wrong("tail", row, tail_value, " is not the logarithm of a probability");
  }
  if (static_cast<int64_t>(log_probabilities.size()) == classes && tail != kNoTail) {
    return Wrong("tail", row, tail_value, ", where all classes are in the head");
  }
  sum += std::exp(tail_value);
  if (std::abs(sum - 1) > kProbabilityTolerance) {
    return Wrong("log_probabilities", row, "with the tail they sum to probability ", sum);
  }
  return absl::OkStatus();
}

// Sets `used` to the number of places in use.
absl::Status CheckCounts(absl::Span<const int64_t> counts, int64_t draws, int64_t row,
                         size_t* used) {
  int64_t sum = 0;
  *used = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    sum += counts[i];
    if (counts[i] == 0) continue;
    if (*used < i) return Wrong("counts", row, counts[i], " behind an unused place");
    *used = i + 1;
  }
  if (sum != draws) return Wrong("counts", row, sum, " draws, where ", draws, " were agreed");
  return absl::OkStatus();
}

// The parts of sparse targets, contiguous and by name; null if the encoding does not have the part.
struct SparseRows {
  explicit SparseRows(const EncodedTargets& targets) {
    const std::vector<PartSpec> specs = PartsOf(targets.spec, targets.rows, targets.classes);
    for (size_t i = 0; i < specs.size(); ++i) {
      owners.push_back(targets.parts[i].bytes.Contiguous());
      const uint8_t* data = owners.back().empty() ? nullptr : owners.back().piece(0).data();
      if (specs[i].name == "ids") ids = data;
      if (specs[i].name == "log_probabilities") log_probabilities = data;
      if (specs[i].name == "tail") tail = data;
      if (specs[i].name == "counts") counts = data;
    }
  }

  std::vector<Bytes> owners;
  const uint8_t* ids = nullptr;
  const uint8_t* log_probabilities = nullptr;
  const uint8_t* tail = nullptr;
  const uint8_t* counts = nullptr;
};

uint16_t HalfAt(const uint8_t* data, int64_t index) {
  uint16_t bits = 0;
  std::memcpy(&bits, data + 2 * index, sizeof(bits));
  return bits;
}

absl::Status ValidateSparse(const EncodedTargets& targets) {
  const SparseRows parts(targets);
  const int64_t k = targets.spec.k, draws = targets.spec.draws;
  const int id_bits = IdBits(targets.classes), count_bits = CountBits(targets.spec);
  std::vector<int64_t> ids(static_cast<size_t>(k + draws));
  std::vector<int64_t> counts(static_cast<size_t>(draws));
  std::vector<uint16_t> log_probabilities(static_cast<size_t>(k));
  for (int64_t row = 0; row < targets.rows; ++row) {
    UnpackRow(parts.ids + row * PackedBytes(k + draws, id_bits), id_bits, absl::MakeSpan(ids));
    const auto all = absl::MakeConstSpan(ids);
    RETURN_IF_ERROR(CheckIds(all.first(static_cast<size_t>(k)), targets.classes, row));
    if (k > 0) {
      std::memcpy(log_probabilities.data(), parts.log_probabilities + 2 * row * k,
                  2 * static_cast<size_t>(k));
      RETURN_IF_ERROR(
          CheckProbabilities(log_probabilities, HalfAt(parts.tail, row), targets.classes, row));
    }
    if (draws > 0) {
      UnpackRow(parts.counts + row * PackedBytes(draws, count_bits), count_bits,
                absl::MakeSpan(counts));
      size_t used = 0;
      RETURN_IF_ERROR(CheckCounts(counts, draws, row, &used));
      const auto drawn = all.subspan(static_cast<size_t>(k));
      RETURN_IF_ERROR(CheckIds(drawn.first(used), targets.classes, row));
      RETURN_IF_ERROR(CheckDisjoint(all.first(static_cast<size_t>(k)), drawn.first(used), row));
      for (const int64_t unused : drawn.subspan(used)) {
        if (unused != 0) return Wrong("ids", row, unused, " in an unused place");
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateValues(const EncodedTargets& targets) {
  if (targets.spec.kind != OutputKind::kLogits) return ValidateVectors(targets);
  const bool sparse = HasK(targets.spec.encoding) || HasDraws(targets.spec.encoding);
  return sparse ? ValidateSparse(targets) : ValidateDense(targets);
}

}  // namespace distill
