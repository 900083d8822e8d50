// Placement: the device a model computes on, and the type it computes in.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace distill {

struct Placement {
  at::Device device{at::kCPU};
  at::ScalarType dtype = at::kFloat;  // of weights and activations; logits are float32 in any case
};

// `device`: "auto" (the first CUDA device, else the CPU), "cpu", "cuda" or "cuda:N"; `dtype`:
// "f32", "bf16" or "f16". INVALID_ARGUMENT for other words; FAILED_PRECONDITION for a device that
// this machine, or this LibTorch, does not have.
absl::StatusOr<Placement> ParsePlacement(absl::string_view device, absl::string_view dtype);

// The same words, without looking at the machine.
absl::Status CheckPlacement(absl::string_view device, absl::string_view dtype);

// "f32", "bf16", "f16".
absl::string_view ShortName(at::ScalarType dtype);

// "float32", "bfloat16", "float16": as clients are told.
absl::string_view LongName(at::ScalarType dtype);

}  // namespace distill
