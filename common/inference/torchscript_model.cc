#include "common/inference/torchscript_model.h"

#include <torch/csrc/jit/passes/frozen_graph_optimizations.h>
#include <torch/csrc/jit/passes/tensorexpr_fuser.h>
#include <torch/script.h>

#include <memory>
#include <utility>

#include "common/base/status_macros.h"
#include "common/inference/graph_weights.h"
#include "common/inference/script_dtype.h"
#include "common/torch/torch_errors.h"

namespace distill {
namespace {

ForwardFunction Forward(const torch::jit::Module& module) {
  return [script = module](const std::vector<at::Tensor>& inputs) mutable {
    return script.forward({inputs.begin(), inputs.end()}).toTensor();
  };
}

// Takes the module, whose weights are released where the frozen one has its own.
torch::jit::Module Freeze(torch::jit::Module module, at::Device device, bool optimized) {
  torch::jit::Module frozen = torch::jit::freeze(module, std::nullopt, /*optimize_numerics=*/false);
  module = torch::jit::Module();
  {
    std::shared_ptr<torch::jit::Graph> graph = frozen.get_method("forward").graph();
    const WeightRelease release(*graph);
    torch::jit::OptimizeFrozenGraph(graph);
  }
  frozen = Reloaded(frozen, device);
  if (!optimized) return frozen;
  const WeightRelease release(*frozen.get_method("forward").graph());
  return torch::jit::optimize_for_inference(frozen);
}

}  // namespace

absl::StatusOr<TorchScriptModel> LoadTorchScript(const std::filesystem::path& path,
                                                 const Placement& placement,
                                                 const std::vector<at::Tensor>& example) {
  // Compiling kernels for each new shape would stall the first passes.
  torch::jit::setTensorExprFuserEnabled(false);
  TorchScriptModel result;
  const auto module = std::make_shared<torch::jit::Module>();
  const absl::Status loaded = CatchTorch([&] {
    *module = torch::jit::load(path.string(), at::kCPU);
    module->eval();
    for (const at::Tensor& parameter : module->parameters()) result.parameters += parameter.numel();
    const auto& arguments = module->get_method("forward").function().getSchema().arguments();
    for (size_t i = 1; i < arguments.size(); ++i) result.arguments.push_back(arguments[i].name());
    if (placement.dtype != at::kFloat) ToDtype(*module, placement.dtype);
  });
  if (!loaded.ok()) return absl::InvalidArgumentError(loaded.message());
  if (placement.dtype == at::kFloat) RETURN_IF_ERROR(RunInFloat32(*module, example));
  RETURN_IF_ERROR(CatchTorch([&] { module->to(placement.device); }));

  result.plain = [module](const std::vector<at::Tensor>& inputs) {
    return module->forward({inputs.begin(), inputs.end()}).toTensor();
  };
  result.freeze = [module,
                   device = placement.device](bool optimized) -> absl::StatusOr<ForwardFunction> {
    ForwardFunction forward;
    RETURN_IF_ERROR(CatchTorch(
        [&] { forward = Forward(Freeze(std::exchange(*module, {}), device, optimized)); }));
    return forward;
  };
  return result;
}

}  // namespace distill
