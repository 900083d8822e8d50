// InputSpec: what one input of a model must look like, and the check of a tensor against it.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/tensor/host_tensor.h"

namespace distill {

// Shape without the batch dimension; -1 is a variable length, of 1 or more.
struct InputSpec {
  std::string name;
  DType dtype = DType::kUint8;
  Shape shape;

  friend bool operator==(const InputSpec&, const InputSpec&) = default;
};

// "image: uint8[3, 32, 32]"
std::string ToString(const InputSpec& spec);

// One tensor a spec, in order, with a leading batch dimension that all share and that is ≥ 1.
// Returns that number of samples. INVALID_ARGUMENT names the input and what was expected: wrong
// count, dtype, rank or shape, bytes that do not fit the shape, no sample. Looks at no element.
absl::StatusOr<int64_t> CheckInputs(absl::Span<const InputSpec> specs,
                                    absl::Span<const HostTensor> inputs);

}  // namespace distill
