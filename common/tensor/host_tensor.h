// HostTensor is a tensor in host memory that needs neither LibTorch nor protobuf. Layers that use
// one of these pass HostTensors to layers that use the other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/tensor/bytes.h"

namespace distill {

// Element types, little-endian like every machine that this runs on. The enum values are not
// written to files or to the wire; names and the enum of the proto are.
enum class DType {
  kBool,
  kUint8,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kFloat16,
  kBFloat16,
  kFloat32,
  kFloat64,
};

// Returns the bytes per element.
size_t ByteWidth(DType dtype);

bool IsFloatingPoint(DType dtype);

// "uint8", "int64", "float32", "bfloat16", …
absl::string_view Name(DType dtype);

// Is the inverse of Name. Returns INVALID_ARGUMENT, with the known names, for any other text.
absl::StatusOr<DType> ParseDType(absl::string_view name);

using Shape = std::vector<int64_t>;

// "[3, 32, 32]"; a -1 stays -1.
std::string ToString(absl::Span<const int64_t> shape);

// Returns the product of the dimensions, 1 if there are none. Returns INVALID_ARGUMENT if a
// dimension is negative or the product does not fit int64.
absl::StatusOr<int64_t> NumElements(absl::Span<const int64_t> shape);

// Returns NumElements times ByteWidth, with the same checks.
absl::StatusOr<size_t> ByteSize(DType dtype, absl::Span<const int64_t> shape);

// Row-major and dense.
struct HostTensor {
  DType dtype = DType::kUint8;
  Shape shape;
  Bytes bytes;

  // Returns OK if the number of bytes matches dtype and shape, otherwise INVALID_ARGUMENT with both
  // numbers.
  absl::Status Validate() const;
};

// Returns rows [begin, end) of the first dimension, which share the memory. The tensor must be
// valid and of rank ≥ 1, and 0 ≤ begin ≤ end ≤ shape[0].
HostTensor SliceRows(const HostTensor& tensor, int64_t begin, int64_t end);

// Returns whether no element is NaN or infinite; true for integers.
bool AllFinite(const HostTensor& tensor);

// Returns whether every magnitude is below `limit`, which is truncated to bfloat16 for a bfloat16
// tensor. For types other than bfloat16 and float32, returns AllFinite.
bool AllBelow(const HostTensor& tensor, float limit);

// Returns whether every element is 0 or less (or a NaN with its sign bit set). float16 or bfloat16.
bool NonePositive(const HostTensor& tensor);

}  // namespace distill
