#include "common/models/inference.h"

#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/frozen_graph_optimizations.h>
#include <torch/csrc/jit/passes/frozen_ops_to_mkldnn.h>
#include <torch/csrc/jit/passes/tensorexpr_fuser.h>
#include <torch/csrc/jit/runtime/interpreter.h>
#include <torch/script.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/models/torch_errors.h"

namespace distill {
namespace {

// The graph of one forward pass. The parameters, which take no gradient, become its constants.
std::shared_ptr<torch::jit::Graph> Trace(Model& model, const at::Tensor& example) {
  const auto forward = [&model](torch::jit::Stack inputs) {
    return torch::jit::Stack{model.Forward(inputs.at(0).toTensor())};
  };
  const auto no_name = [](const at::Tensor&) { return std::string(); };
  return torch::jit::tracer::trace({example}, forward, no_name).first->graph;
}

// Run by the interpreter alone: the graph executor would compile anew for batches of other sizes.
ForwardFunction Run(const std::shared_ptr<torch::jit::Graph>& graph) {
  return [code = torch::jit::Code(graph, "forward")](const std::vector<at::Tensor>& inputs) {
    torch::jit::Stack stack(inputs.begin(), inputs.end());
    torch::jit::InterpreterState(code).run(stack);
    return stack.at(0).toTensor();
  };
}

bool Agree(const ForwardFunction& compiled, Model& model, const at::Tensor& x) {
  bool agree = false;
  const absl::Status ran = CatchTorch([&] {
    const at::Tensor expected = model.Forward(x);
    const at::Tensor actual = compiled({x});
    agree = actual.sizes() == expected.sizes() && at::allclose(actual, expected, 1e-3, 1e-3);
  });
  return ran.ok() && agree;
}

}  // namespace

absl::StatusOr<ForwardFunction> CompileForInference(std::shared_ptr<Model> model,
                                                    const at::Tensor& example) {
  model->eval();
  for (at::Tensor& parameter : model->parameters()) parameter.requires_grad_(false);
  RETURN_IF_ERROR(CatchTorch([&] { model->Forward(example); }));

  std::vector<ForwardFunction> fastest_first;
  const absl::Status traced = CatchTorch([&] {
    std::shared_ptr<torch::jit::Graph> folded = Trace(*model, example);
    torch::jit::ConstantPropagation(folded);  // folding looks for constant strides and paddings
    torch::jit::OptimizeFrozenGraph(folded);
    std::shared_ptr<torch::jit::Graph> onednn = folded->copy();
    torch::jit::ConvertFrozenOpsToMKLDNN(onednn);  // where Torch has oneDNN; else does nothing
    fastest_first = {Run(onednn), Run(folded)};
  });
  // Of another batch size than the example, which a trace can freeze by mistake. oneDNN's layout
  // does not know every operation either.
  std::vector<int64_t> shape = example.sizes().vec();
  shape[0] = 3;
  const at::Tensor x = at::linspace(-1, 1, c10::multiply_integers(shape)).view(shape);
  for (const ForwardFunction& compiled : fastest_first) {
    if (Agree(compiled, *model, x)) return compiled;
  }
  log::Warning(absl::StrCat("the model runs as it is, slower than it could: ",
                            traced.ok() ? "its trace gives other results" : traced.message()));
  return ForwardFunction(
      [model](const std::vector<at::Tensor>& inputs) { return model->Forward(inputs.at(0)); });
}

absl::StatusOr<TorchScriptModel> LoadTorchScript(const std::filesystem::path& path) {
  // Compiling kernels for each new shape stalls the first passes.
  torch::jit::setTensorExprFuserEnabled(false);
  TorchScriptModel result;
  torch::jit::Module module;
  const absl::Status loaded = CatchTorch([&] {
    module = torch::jit::load(path.string(), at::kCPU);
    module.eval();
    for (const at::Tensor& parameter : module.parameters()) result.parameters += parameter.numel();
    module.get_method("forward");
  });
  if (!loaded.ok()) return absl::InvalidArgumentError(loaded.message());

  const absl::Status optimized = CatchTorch([&] {
    torch::jit::Module frozen = torch::jit::freeze(module);
    module = torch::jit::optimize_for_inference(frozen);
  });
  if (!optimized.ok()) {
    log::Warning(
        absl::StrCat(path.string(), " runs as it is, slower than it could: ", optimized.message()));
  }
  result.forward = [module](const std::vector<at::Tensor>& inputs) mutable {
    return module.forward({inputs.begin(), inputs.end()}).toTensor();
  };
  return result;
}

}  // namespace distill
