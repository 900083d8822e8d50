// The zoo maps names to architectures. registry.cc has one line per family.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/tensor/host_tensor.h"
#include "common/zoo/model.h"

namespace distill {

// Returns the names of all variants, sorted; e.g. "cifar_resnet20", "mlp_small", "mobilenet_v2".
std::vector<std::string> StudentNames();

struct Architecture {
  std::string name;          // a family, e.g. "mlp", "resnet"
  nlohmann::json arguments;  // complete, with "classes" and the channels or shape of the input
};

// Returns the architecture that a name like "cifar_resnet20" stands for, with inputs of
// `input_shape` (without batch) and `classes`. Returns INVALID_ARGUMENT for an unknown name, with
// the nearest and all names, or if the family cannot take such inputs.
absl::StatusOr<Architecture> ArchitectureOf(absl::string_view student_name,
                                            const Shape& input_shape, int64_t classes);

// Makes the model with newly drawn parameters (from the default generator of Torch).
// INVALID_ARGUMENT names the architecture or the argument that is unknown, missing or out of range.
absl::StatusOr<std::shared_ptr<Model>> CreateModel(const Architecture& architecture);

}  // namespace distill
