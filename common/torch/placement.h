// Placement is the device on which a model computes, and the type in which it computes.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace distill {

struct Placement {
  at::Device device{at::kCPU};
  at::ScalarType dtype = at::kFloat;  // of weights and activations; logits are always float32
};

// `device`: "auto" (the first CUDA device, otherwise the CPU), "cpu", "cuda" or "cuda:N"; `dtype`:
// "f32", "bf16" or "f16". Returns INVALID_ARGUMENT for other words, and FAILED_PRECONDITION for a
// device that this machine, or this LibTorch, does not have.
absl::StatusOr<Placement> ParsePlacement(absl::string_view device, absl::string_view dtype);

// Checks the same words without querying the devices of the machine.
absl::Status CheckPlacement(absl::string_view device, absl::string_view dtype);

// "f32", "bf16", "f16".
absl::string_view ShortName(at::ScalarType dtype);

// "float32", "bfloat16", "float16": the names that clients receive.
absl::string_view LongName(at::ScalarType dtype);

}  // namespace distill
