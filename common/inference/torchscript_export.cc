#include "common/inference/torchscript_export.h"

#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/script.h>

#include <memory>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/files.h"
#include "common/base/status_macros.h"
#include "common/torch/torch_errors.h"

namespace distill {
namespace {

using CompilationUnit = std::shared_ptr<torch::jit::CompilationUnit>;

// Returns the tree of the module in TorchScript types, with the same tensors: a trace that knows
// this tree refers to them instead of freezing them as constants.
torch::jit::Module Mirror(const torch::nn::Module& module, const CompilationUnit& unit) {
  torch::jit::Module mirror(c10::QualifiedName("__torch__.distill.Module"), unit,
                            /*shouldMangle=*/true);
  // A trace of the model in eval mode; tools such as torch.jit.freeze ask for it.
  mirror.register_attribute("training", c10::BoolType::get(), false);
  for (const auto& item : module.named_parameters(/*recurse=*/false)) {
    mirror.register_parameter(item.key(), item.value(), /*is_buffer=*/false);
  }
  for (const auto& item : module.named_buffers(/*recurse=*/false)) {
    mirror.register_buffer(item.key(), item.value());
  }
  for (const auto& item : module.named_children()) {
    mirror.register_module(item.key(), Mirror(*item.value(), unit));
  }
  return mirror;
}

std::string TraceAndSave(Model& model, const at::Tensor& example) {
  torch::jit::Module script = Mirror(model, std::make_shared<torch::jit::CompilationUnit>());
  const auto forward = [&model](torch::jit::Stack inputs) {
    return torch::jit::Stack{model.Forward(inputs.at(0).toTensor())};
  };
  const auto no_name = [](const at::Tensor&) { return std::string(); };
  const auto graph = torch::jit::tracer::trace({example}, forward, no_name, /*strict=*/false,
                                               /*force_outplace=*/false, &script, {"x"})
                         .first->graph;
  torch::jit::Function* const function = script._ivalue()->compilation_unit()->create_function(
      c10::QualifiedName(*script.type()->name(), "forward"), graph);
  script.type()->addMethod(function);
  script.eval();
  std::ostringstream bytes;
  script.save(bytes);
  return bytes.str();
}

// Returns a batch of `samples` samples like the example, whose numbers differ.
at::Tensor BatchOf(int64_t samples, const at::Tensor& example) {
  std::vector<int64_t> shape = example.sizes().vec();
  shape[0] = samples;
  if (!example.is_floating_point()) return at::zeros(shape, example.options());
  return at::linspace(-2, 2, c10::multiply_integers(shape)).view(shape).to(example.options());
}

absl::Status Compare(Model& model, const std::string& bytes, const at::Tensor& example) {
  std::istringstream stream(bytes);
  torch::jit::Module script = torch::jit::load(stream);
  for (const int64_t samples : {1, 2, 5}) {
    const at::Tensor x = BatchOf(samples, example);
    const at::Tensor expected = model.Forward(x);
    const at::Tensor actual = script.forward({x}).toTensor();
    if (actual.sizes() != expected.sizes() || !at::allclose(actual, expected, 1e-5, 1e-5)) {
      return absl::InternalError(
          absl::StrCat("loaded again, it gives other outputs for ", samples, " samples"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ExportTorchScript(Model& model, const at::Tensor& example,
                               const std::filesystem::path& path) {
  std::string bytes;
  absl::Status compared;
  const absl::Status ran = CatchTorch([&] {
    const at::NoGradGuard no_grad;
    model.eval();
    bytes = TraceAndSave(model, example);
    compared = Compare(model, bytes, example);
  });
  for (const absl::Status& status : {ran, compared}) {
    if (!status.ok()) {
      return absl::InternalError(absl::StrCat("the model cannot be written as TorchScript to ",
                                              path.string(), ": ", status.message()));
    }
  }
  return WriteFileAtomically(path, bytes);
}

}  // namespace distill
