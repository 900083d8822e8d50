// Torch's own random generators, which dropout draws from.
#pragma once

#include <c10/core/Device.h>

#include "common/torch/named_tensors.h"

namespace distill {

// Copies of the states of the generators that training on the device draws from: "cpu", and "cuda"
// on such a device. Throws as Torch does, as does the next.
NamedTensors GeneratorStates(at::Device device);

// The inverse. `states` must hold what GeneratorStates gives.
void SetGeneratorStates(at::Device device, const NamedTensors& states);

}  // namespace distill
