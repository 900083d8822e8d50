// Named tensors hold the state of a module, an optimizer or an average, to be written and read
// back.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/model_directory/safetensors.h"
#include "common/tensor/bytes.h"

namespace distill {

// Handles of tensors that others own: writing through a handle changes the tensor.
using NamedTensors = std::map<std::string, at::Tensor>;

// Adds `tensors` to `all`, each under "<prefix>.<name>".
void AddUnder(absl::string_view prefix, const NamedTensors& tensors, NamedTensors& all);

// Shares the memory of contiguous tensors on the CPU: copy or write the result before they change.
TensorMap ToHost(const NamedTensors& tensors);

// Copies every tensor of `state` into the one of `own` with the same name, keeping the element
// type, memory layout and device of `own`. INVALID_ARGUMENT begins with `what`, the description of
// `own`, and lists up to ten tensors that are missing, unexpected, or of another shape; nothing is
// changed then. The count of batches of a BatchNorm (num_batches_tracked) may be missing, since no
// forward pass in eval mode reads it. `copied` is called with the bytes that will not be read
// again, after each few mebibytes.
absl::Status CopyInto(
    const TensorMap& state, const NamedTensors& own, absl::string_view what,
    const std::function<void(const Bytes&)>& copied = [](const Bytes&) {});

}  // namespace distill
