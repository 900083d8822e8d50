// The zoo: architectures by name. One line a family in registry.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/models/model.h"
#include "common/tensor/host_tensor.h"

namespace distill {

// Every variant by name, sorted; e.g. "cifar_resnet20", "mlp_small", "mobilenet_v2".
std::vector<std::string> StudentNames();

struct Architecture {
  std::string name;          // a family, e.g. "mlp", "resnet"
  nlohmann::json arguments;  // complete: with "classes" and the input's channels or shape
};

// What a name like "cifar_resnet20" means for inputs of `input_shape` (without batch) and
// `classes`. INVALID_ARGUMENT for an unknown name, with the nearest and all names; or if the family
// cannot take such inputs.
absl::StatusOr<Architecture> ArchitectureOf(absl::string_view student_name,
                                            const Shape& input_shape, int64_t classes);

// Makes the model with freshly drawn parameters (from Torch's default generator).
// INVALID_ARGUMENT names the architecture or the argument that is unknown, missing or out of range.
absl::StatusOr<std::shared_ptr<Model>> CreateModel(const Architecture& architecture);

}  // namespace distill
