// TargetSpec describes the form in which soft targets are sent; EncodedTargets are soft targets in
// that form.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/contract/output_spec.h"
#include "common/tensor/host_tensor.h"

namespace distill {

// The form in which one row (one distribution over the classes) is sent. `id bits` are the bits of
// classes - 1, `count bits` the bits of draws. Rows of outputs of other kinds are vectors, which
// have the first three forms, without a maximum: 4 or 2 bytes per number.
enum class TargetEncoding {
  kDenseF32,     // logits, float32: 4·classes bytes per row, exact
  kDenseF16,     // logit - row maximum as float16, and the maximum as float32: 2·classes + 4 bytes
  kDenseBF16,    // the same in bfloat16
  kTopK,         // the k most likely at the request's temperature, and the tail's mass:
                 // ⌈k · id bits / 8⌉ + 2·k + 2 bytes
  kSampled,      // `draws` samples of the teacher's distribution, with replacement:
                 // ⌈draws · id bits / 8⌉ + ⌈draws · count bits / 8⌉ bytes
  kHeadSampled,  // the k most likely exactly, `draws` samples of the tail:
                 // ⌈(k + draws) · id bits / 8⌉ + 2·k + 2 + ⌈draws · count bits / 8⌉ bytes
};

// "f32", "f16", "bf16", "top_k", "sampled", "head_sampled": the values of --encoding.
absl::string_view Name(TargetEncoding encoding);
absl::StatusOr<TargetEncoding> ParseTargetEncoding(absl::string_view name);
std::vector<TargetEncoding> AllEncodings();

// Returns whether the encoding has the parameter.
bool HasK(TargetEncoding encoding);
bool HasDraws(TargetEncoding encoding);

struct TargetSpec {
  TargetEncoding encoding = TargetEncoding::kDenseF32;
  int32_t k = 0;      // kTopK: 1 ≤ k ≤ classes; kHeadSampled: 1 ≤ k < classes
  int32_t draws = 0;  // kSampled, kHeadSampled: 1 ≤ draws ≤ kMaxDraws
  // Of the output whose rows these are. It is not sent: both sides know the output.
  OutputKind kind = OutputKind::kLogits;

  friend bool operator==(const TargetSpec&, const TargetSpec&) = default;
};

// Up to this number, a class id fits int32 and BytesPerRow never overflows.
inline constexpr int64_t kMaxClasses = std::numeric_limits<int32_t>::max();
inline constexpr int32_t kMaxDraws = 4096;

// Return the bits of an id and of a count in a packed part.
int IdBits(int64_t classes);
int CountBits(const TargetSpec& spec);

// Returns OK if `classes` is in [1, kMaxClasses] and the parameters fit the encoding. Otherwise
// returns INVALID_ARGUMENT with the parameter and its range, or with the known encodings if the
// encoding is not one of them, or not one for the kind.
absl::Status Validate(const TargetSpec& spec, int64_t classes);

// Returns the bytes that one row takes in this encoding. The spec must be valid for `classes`.
int64_t BytesPerRow(const TargetSpec& spec, int64_t classes);

// What soft targets depend on beside the distribution and the spec.
struct EncodeOptions {
  double temperature = 1;  // finite, > 0; dense encodings ignore it
  // Draw j of row r is a function of (seed, r, j) and of the distribution of the row.
  uint64_t seed = 0;
};

// Soft targets of `rows` rows, in the parts that PartsOf lists.
struct EncodedTargets {
  TargetSpec spec;
  int64_t rows = 0;
  int64_t classes = 0;  // numbers of a row, for other kinds than logits
  std::vector<HostTensor> parts;
};

// Returns the parts of such targets, in order:
//   kDenseF32: logits float32 [rows, classes];
//   kDenseF16, kDenseBF16: logits float16/bfloat16 [rows, classes], maximum float32 [rows];
//   of other kinds than logits: values float32, float16 or bfloat16 [rows, width], nothing else;
//   the sparse encodings, those of the following that they have: ids uint8 [rows, bytes] (the k,
//   then the draws), log_probabilities float16 [rows, k], tail float16 [rows], counts uint8 [rows,
//   bytes]. Ids and counts are packed as in bit_packing.h.
// The spec must be valid for `classes`; `rows` ≥ 0.
struct PartSpec {
  absl::string_view name;
  DType dtype;
  Shape shape;
};
std::vector<PartSpec> PartsOf(const TargetSpec& spec, int64_t rows, int64_t classes);

// Returns OK if the spec is valid and the parts are those of PartsOf, with matching bytes.
// Otherwise returns INVALID_ARGUMENT with the first part that does not fit. Does not read any
// element.
absl::Status Validate(const EncodedTargets& targets);

}  // namespace distill
