#include "common/inference/torchscript_model.h"

#include <torch/csrc/jit/passes/frozen_graph_optimizations.h>
#include <torch/csrc/jit/passes/tensorexpr_fuser.h>
#include <torch/script.h>

#include <memory>
#include <utility>

#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "common/inference/graph_weights.h"
#include "common/inference/script_dtype.h"
#include "common/torch/torch_errors.h"

namespace distill {
namespace {

using Names = std::vector<std::string>;

// Returns the values of a tuple or a list, of which there must be one per name.
std::vector<c10::IValue> Elements(const c10::IValue& value, const Names& names) {
  std::vector<c10::IValue> elements;
  if (value.isTuple()) {
    elements = value.toTupleRef().elements().vec();
  } else if (value.isList()) {
    elements = value.toListRef().vec();
  } else {
    TORCH_CHECK(false, "the model gives ", value.tagKind(), ", where `outputs` names ",
                names.size(), " tensors");
  }
  TORCH_CHECK(elements.size() == names.size(), "the model gives ", elements.size(),
              " tensors, where `outputs` names ", names.size());
  return elements;
}

c10::IValue AtKey(const c10::IValue& dict, const std::string& key) {
  const c10::Dict<c10::IValue, c10::IValue> values = dict.toGenericDict();
  const auto found = values.find(key);
  if (found != values.end()) return found->value();
  Names keys;
  for (const auto& each : values) keys.push_back(c10::str("'", each.key(), "'"));
  TORCH_CHECK(false, "the model gives a dict without the key '", key, "', which `outputs` names; ",
              "it has ", absl::StrJoin(keys, ", "));
}

// Returns the tensors of the names in what a script gave, or its one tensor if there are none.
std::vector<at::Tensor> TensorsOf(const c10::IValue& value, const Names& names) {
  if (value.isTensor() && names.size() <= 1) return {value.toTensor()};
  TORCH_CHECK(!names.empty(), "the model gives ", value.tagKind(),
              R"( instead of one tensor; describe its tensors: "outputs": [{"name": "logits", )"
              R"("kind": "logits"}, {"name": "NAME", "kind": "features"}])");
  std::vector<at::Tensor> tensors;
  if (value.isGenericDict()) {
    for (const std::string& name : names) tensors.push_back(AtKey(value, name).toTensor());
  } else {
    for (const c10::IValue& each : Elements(value, names)) tensors.push_back(each.toTensor());
  }
  return tensors;
}

ForwardFunction Forward(const torch::jit::Module& module, const Names& names) {
  return [script = module, names](const std::vector<at::Tensor>& inputs) mutable {
    return TensorsOf(script.forward({inputs.begin(), inputs.end()}), names);
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
                                                 const std::vector<at::Tensor>& example,
                                                 const std::vector<std::string>& outputs) {
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

  result.plain = [module, outputs](const std::vector<at::Tensor>& inputs) {
    return TensorsOf(module->forward({inputs.begin(), inputs.end()}), outputs);
  };
  result.freeze = [module, outputs,
                   device = placement.device](bool optimized) -> absl::StatusOr<ForwardFunction> {
    ForwardFunction forward;
    RETURN_IF_ERROR(CatchTorch([&] {
      forward = Forward(Freeze(std::exchange(*module, {}), device, optimized), outputs);
    }));
    return forward;
  };
  return result;
}

}  // namespace distill
