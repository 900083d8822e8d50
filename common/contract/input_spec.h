// InputSpec describes one input of a model.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

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

// The same of several, separated by commas.
std::string ToString(const std::vector<InputSpec>& specs);

}  // namespace distill
