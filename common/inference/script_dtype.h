// The type of a TorchScript module's weights: files are saved in float16, bfloat16 and float64,
// too.
#pragma once

#include <torch/script.h>

#include <vector>

#include "absl/status/status.h"

namespace distill {

// Converts parameters and buffers of floating point; Module::to would also convert integers and
// masks.
void ToDtype(torch::jit::Module& module, at::ScalarType dtype);

// Makes a module run on float32 inputs, such as `example`. One that does already is not changed, as
// traces that cast inside; one whose weights are all of another type is converted if it then gives
// what it gives in its own type, within what that rounds. FAILED_PRECONDITION has the reason why it
// cannot be, and names the option for its type, where there is one. A module that fails for another
// reason, whatever the type, is left as it is, and OK is returned.
absl::Status RunInFloat32(torch::jit::Module& module, const std::vector<at::Tensor>& example);

}  // namespace distill
