// Matrices of the files in tests/golden.
#pragma once

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>
#include <vector>

namespace distill::testing {

inline at::Tensor Matrix(const nlohmann::json& rows, at::ScalarType type = at::kDouble) {
  std::vector<at::Tensor> tensors;
  for (const auto& row : rows) {
    tensors.push_back(at::tensor(row.get<std::vector<double>>(), at::kDouble));
  }
  return at::stack(tensors).to(type);
}

}  // namespace distill::testing
