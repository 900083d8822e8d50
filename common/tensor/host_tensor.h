// HostTensor: a tensor in host memory without LibTorch or protobuf; the type that crosses the walls
// between the layers that use one or the other.
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

// Element types; little-endian, as every machine this runs on. Values are not written to files or
// the wire (names and the proto's own enum are).
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

// Bytes an element.
size_t ByteWidth(DType dtype);

bool IsFloatingPoint(DType dtype);

// "uint8", "int64", "float32", "bfloat16", …
absl::string_view Name(DType dtype);

// The inverse of Name. INVALID_ARGUMENT, with the names known, for any other.
absl::StatusOr<DType> ParseDType(absl::string_view name);

using Shape = std::vector<int64_t>;

// "[3, 32, 32]"; a -1 stays -1.
std::string ToString(absl::Span<const int64_t> shape);

// The product of the dimensions, 1 for none. INVALID_ARGUMENT if one is negative or the product
// does not fit int64.
absl::StatusOr<int64_t> NumElements(absl::Span<const int64_t> shape);

// NumElements times ByteWidth, checked likewise.
absl::StatusOr<size_t> ByteSize(DType dtype, absl::Span<const int64_t> shape);

// Row-major and dense.
struct HostTensor {
  DType dtype = DType::kUint8;
  Shape shape;
  Bytes bytes;

  // OK if the bytes are as many as dtype and shape say; else INVALID_ARGUMENT with both numbers.
  absl::Status Validate() const;
};

// Rows [begin, end) of the first dimension, sharing the memory. The tensor must be valid, of rank ≥
// 1, and 0 ≤ begin ≤ end ≤ shape[0].
HostTensor SliceRows(const HostTensor& tensor, int64_t begin, int64_t end);

// Whether no element is NaN or infinite. True for integers.
bool AllFinite(const HostTensor& tensor);

// Whether every magnitude is below `limit`, of bfloat16 to its 8 bits; of other types, AllFinite.
bool AllBelow(const HostTensor& tensor, float limit);

// Whether every element is 0 or less (or a NaN with a sign). float16 or bfloat16.
bool NonePositive(const HostTensor& tensor);

}  // namespace distill
