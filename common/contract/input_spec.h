// InputSpec describes one input of a model; CheckInputs checks tensors against it.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/tensor/host_tensor.h"

namespace distill {

// The shape has no batch dimension; -1 is a variable length of 1 or more.
struct InputSpec {
  std::string name;
  DType dtype = DType::kUint8;
  Shape shape;

  friend bool operator==(const InputSpec&, const InputSpec&) = default;
};

// "image: uint8[3, 32, 32]"
std::string ToString(const InputSpec& spec);

// Expects one tensor per spec, in order, each with a leading batch dimension, which is ≥ 1 and the
// same for all. Returns that number of samples. Returns INVALID_ARGUMENT with the input and what
// was expected for a wrong count, dtype, rank or shape, bytes that do not fit the shape, and zero
// samples. Does not read any element.
absl::StatusOr<int64_t> CheckInputs(absl::Span<const InputSpec> specs,
                                    absl::Span<const HostTensor> inputs);

}  // namespace distill
