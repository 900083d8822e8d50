#include "common/inference/script_dtype.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/torch/placement.h"
#include "common/torch/torch_errors.h"

namespace distill {
namespace {

// The one type of all its floating point tensors; nullopt: several, or none.
std::optional<at::ScalarType> DtypeOf(const torch::jit::Module& module) {
  std::optional<at::ScalarType> dtype;
  bool one = true;
  const auto look = [&](const at::Tensor& tensor) {
    if (!tensor.is_floating_point()) return;
    one = one && dtype.value_or(tensor.scalar_type()) == tensor.scalar_type();
    dtype = tensor.scalar_type();
  };
  for (const at::Tensor& parameter : module.parameters()) look(parameter);
  for (const at::Tensor& buffer : module.buffers()) look(buffer);
  return one ? dtype : std::nullopt;
}

// Of the largest value, after the layers of a deep network.
double RoundingOf(at::ScalarType dtype) {
  switch (dtype) {
    case at::kHalf:
      return 0.02;
    case at::kBFloat16:
      return 0.1;
    default:
      return 1e-3;
  }
}

absl::StatusOr<at::Tensor> RunScript(const torch::jit::Module& module,
                                     std::vector<at::Tensor> inputs, at::ScalarType dtype) {
  at::Tensor output;
  RETURN_IF_ERROR(CatchTorch([&] {
    const c10::InferenceMode inference_mode;
    for (at::Tensor& input : inputs) {
      if (input.is_floating_point()) input = input.to(dtype);
    }
    torch::jit::Module script = module;
    output = script.forward({inputs.begin(), inputs.end()}).toTensor().to(at::kFloat);
  }));
  return output;
}

absl::Status CannotBeConverted(at::ScalarType dtype, absl::string_view reason) {
  const bool option = dtype == at::kHalf || dtype == at::kBFloat16;
  return absl::FailedPreconditionError(absl::StrCat(
      "the weights are ", c10::toString(dtype), " and cannot be made float32: ", reason, "; ",
      option ? absl::StrCat("set `dtype` to ", ShortName(dtype)) : "save the model in float32"));
}

}  // namespace

void ToDtype(torch::jit::Module& module, at::ScalarType dtype) {
  const auto convert = [dtype](at::Tensor tensor) {
    if (tensor.is_floating_point()) tensor.set_data(tensor.to(dtype));
  };
  for (const at::Tensor& parameter : module.parameters()) convert(parameter);
  for (const at::Tensor& buffer : module.buffers()) convert(buffer);
}

absl::Status RunInFloat32(torch::jit::Module& module, const std::vector<at::Tensor>& example) {
  const std::optional<at::ScalarType> dtype = DtypeOf(module);
  if (!dtype.has_value() || *dtype == at::kFloat || RunScript(module, example, at::kFloat).ok()) {
    return absl::OkStatus();
  }
  const absl::StatusOr<at::Tensor> own = RunScript(module, example, *dtype);
  if (!own.ok()) return absl::OkStatus();  // the type is not what it fails on
  ToDtype(module, at::kFloat);
  const absl::StatusOr<at::Tensor> converted = RunScript(module, example, at::kFloat);
  if (!converted.ok()) return CannotBeConverted(*dtype, converted.status().message());
  double largest = 0, difference = 0;
  RETURN_IF_ERROR(CatchTorch([&] {
    largest = own->abs().max().item<double>();
    difference = (*converted - *own).abs().max().item<double>();
  }));
  if (!(difference <= RoundingOf(*dtype) * std::max(largest, 1e-3))) {
    return CannotBeConverted(*dtype, "it then gives other results");
  }
  log::Info(absl::StrCat("the weights of the TorchScript are ", c10::toString(*dtype),
                         "; they are converted to float32"));
  return absl::OkStatus();
}

}  // namespace distill
