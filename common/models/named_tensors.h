// Named tensors: the state of a module, an optimizer or an average, to be written and read back.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/store/safetensors.h"

namespace distill {

// Handles of tensors that live elsewhere: writing through one changes them.
using NamedTensors = std::map<std::string, at::Tensor>;

// Adds `tensors` to `all`, each under "<prefix>.<name>".
void AddUnder(absl::string_view prefix, const NamedTensors& tensors, NamedTensors& all);

// Shares the memory of contiguous tensors on the CPU: copy or write the result before they change.
TensorMap ToHost(const NamedTensors& tensors);

// Copies every tensor of `state` into the one of `own` with its name, keeping own's element type,
// memory layout and device. INVALID_ARGUMENT says what `own` is, and lists what is missing, left
// over, or of another shape; nothing is changed then. What counts a BatchNorm's batches
// (num_batches_tracked) may be missing: no forward pass in eval mode reads it.
absl::Status CopyInto(const TensorMap& state, const NamedTensors& own, absl::string_view what);

}  // namespace distill
