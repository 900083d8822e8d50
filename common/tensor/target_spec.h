// TargetSpec says how soft targets travel; EncodedTargets are soft targets in that form.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/tensor/host_tensor.h"

namespace distill {

// How one row (one distribution over the classes) travels.
enum class TargetEncoding {
  kDenseF32,     // logits, float32: 4·classes bytes a row, exact
  kDenseF16,     // logit - row maximum as float16, and the maximum as float32: 2·classes + 4 bytes
  kDenseBF16,    // the same in bfloat16
  kTopK,         // the k most likely at the request's temperature, and the tail's mass
  kSampled,      // `draws` samples of the teacher's distribution, with replacement
  kHeadSampled,  // the k most likely exactly, `draws` samples of the tail
};

// "f32", "f16", "bf16", "top_k", "sampled", "head_sampled": the values of --encoding.
absl::string_view Name(TargetEncoding encoding);
absl::StatusOr<TargetEncoding> ParseTargetEncoding(absl::string_view name);

struct TargetSpec {
  TargetEncoding encoding = TargetEncoding::kDenseF32;
  int32_t k = 0;      // kTopK, kHeadSampled: 1 ≤ k ≤ classes
  int32_t draws = 0;  // kSampled, kHeadSampled: ≥ 1

  friend bool operator==(const TargetSpec&, const TargetSpec&) = default;
};

// A class id fits int32, and BytesPerRow never overflows.
inline constexpr int64_t kMaxClasses = std::numeric_limits<int32_t>::max();

// The encodings that this version writes and reads.
std::vector<TargetEncoding> SupportedEncodings();

// OK if the encoding is supported, `classes` is in [1, kMaxClasses], and the parameters fit it.
// UNIMPLEMENTED lists the encodings that are supported; INVALID_ARGUMENT names the parameter and
// its range.
absl::Status Validate(const TargetSpec& spec, int64_t classes);

// Bytes that one row takes in this encoding. The spec must be valid for `classes`.
int64_t BytesPerRow(const TargetSpec& spec, int64_t classes);

// Soft targets of `rows` rows. `parts` by encoding:
//   kDenseF32: {float32 [rows, classes]};
//   kDenseF16, kDenseBF16: {float16/bfloat16 [rows, classes], float32 [rows]}.
struct EncodedTargets {
  TargetSpec spec;
  int64_t rows = 0;
  int64_t classes = 0;
  std::vector<HostTensor> parts;
};

// The dtype and shape of each part that such targets must have. The spec must be valid for
// `classes` (other encodings have no parts yet); `rows` ≥ 0.
struct PartSpec {
  DType dtype;
  Shape shape;
};
std::vector<PartSpec> PartsOf(const TargetSpec& spec, int64_t rows, int64_t classes);

// OK if the spec is valid and the parts are those of PartsOf, with bytes to match. UNIMPLEMENTED as
// above; INVALID_ARGUMENT names the first part that does not fit. Looks at no element.
absl::Status Validate(const EncodedTargets& targets);

}  // namespace distill
