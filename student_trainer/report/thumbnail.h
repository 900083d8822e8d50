// A sample's input, as a page shows it.
#pragma once

#include <nlohmann/json.hpp>

#include "common/tensor/host_tensor.h"

namespace distill {

// One sample [1, …]. An image, uint8 [1, 1 or 3, height, width], gives {"image": {"width",
// "height", "channels", "data"}, "text": null}: base64 of the pixels row by row, channels together;
// what is larger than 48 pixels a side is averaged down. All else gives {"image": null, "text": "3 17 5
// …"}.
nlohmann::json ShownInput(const HostTensor& sample);

}  // namespace distill
