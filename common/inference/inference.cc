#include "common/inference/inference.h"

#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/frozen_graph_optimizations.h>
#include <torch/csrc/jit/passes/frozen_ops_to_mkldnn.h>
#include <torch/csrc/jit/passes/tensorexpr_fuser.h>
#include <torch/csrc/jit/runtime/interpreter.h>
#include <torch/script.h>

#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/base/status_macros.h"
#include "common/inference/script_dtype.h"
#include "common/torch/torch_errors.h"

namespace distill {
namespace {

// Returns the graph of one forward pass. The parameters, which take no gradient, become its
// constants.
std::shared_ptr<torch::jit::Graph> Trace(Model& model, const at::Tensor& example) {
  const auto forward = [&model](torch::jit::Stack inputs) {
    return torch::jit::Stack{model.Forward(inputs.at(0).toTensor())};
  };
  const auto no_name = [](const at::Tensor&) { return std::string(); };
  return torch::jit::tracer::trace({example}, forward, no_name).first->graph;
}

// Runs the graph in the interpreter alone: the graph executor would compile it again for each other
// batch size.
ForwardFunction Run(const std::shared_ptr<torch::jit::Graph>& graph) {
  return [code = torch::jit::Code(graph, "forward")](const std::vector<at::Tensor>& inputs) {
    torch::jit::Stack stack(inputs.begin(), inputs.end());
    torch::jit::InterpreterState(code).run(stack);
    return stack.at(0).toTensor();
  };
}

// Folding rounds the weights of convolutions once more, in the type of the model.
double Tolerance(at::ScalarType dtype) {
  if (dtype == at::kBFloat16) return 0.1;
  return dtype == at::kHalf ? 0.02 : 1e-3;
}

bool IsClose(const at::Tensor& actual, const at::Tensor& expected) {
  const double tolerance = Tolerance(expected.scalar_type());
  return actual.sizes() == expected.sizes() && at::allclose(actual, expected, tolerance, tolerance);
}

bool Agree(const ForwardFunction& compiled, Model& model, const at::Tensor& x) {
  bool agree = false;
  const absl::Status ran = CatchTorch([&] { agree = IsClose(compiled({x}), model.Forward(x)); });
  return ran.ok() && agree;
}

// Returns a batch of another size than the example, since a trace can freeze the size by mistake.
at::Tensor OtherBatch(const at::Tensor& example) {
  std::vector<int64_t> shape = example.sizes().vec();
  shape[0] = 3;
  return at::linspace(-1, 1, c10::multiply_integers(shape)).view(shape).to(example.options());
}

ForwardFunction Forward(const torch::jit::Module& module) {
  return [script = module](const std::vector<at::Tensor>& inputs) mutable {
    return script.forward({inputs.begin(), inputs.end()}).toTensor();
  };
}

// A frozen module refers to functions that freezing has removed: LibTorch may crash while it
// describes an error of one. As it was saved and loaded, it does not.
torch::jit::Module Reloaded(const torch::jit::Module& frozen, at::Device device) {
  std::stringstream stream;
  frozen.save(stream);
  return torch::jit::load(stream, device);
}

}  // namespace

absl::StatusOr<ForwardFunction> CompileForInference(std::shared_ptr<Model> model,
                                                    const at::Tensor& example) {
  model->eval();
  for (at::Tensor& parameter : model->parameters()) parameter.requires_grad_(false);
  RETURN_IF_ERROR(CatchTorch([&] { model->Forward(example); }));

  const at::Tensor x = OtherBatch(example);
  const bool onednn_applies = x.is_cpu() && x.scalar_type() == at::kFloat;
  std::vector<ForwardFunction> fastest_first;
  const absl::Status traced = CatchTorch([&] {
    std::shared_ptr<torch::jit::Graph> folded = Trace(*model, example);
    torch::jit::ConstantPropagation(folded);  // folding looks for constant strides and paddings
    torch::jit::OptimizeFrozenGraph(folded);
    if (onednn_applies) {
      std::shared_ptr<torch::jit::Graph> onednn = folded->copy();
      torch::jit::ConvertFrozenOpsToMKLDNN(onednn);  // does nothing if Torch lacks oneDNN
      fastest_first.push_back(Run(onednn));
    }
    fastest_first.push_back(PreferChannelsLast(Run(folded), x));
  });
  // Some operations do not support the layout of oneDNN.
  for (const ForwardFunction& compiled : fastest_first) {
    if (Agree(compiled, *model, x)) return compiled;
  }
  log::Warning(absl::StrCat("the model runs as it is, slower than it could: ",
                            traced.ok() ? "its trace gives other results" : traced.message()));
  return ForwardFunction(
      [model](const std::vector<at::Tensor>& inputs) { return model->Forward(inputs.at(0)); });
}

ForwardFunction PreferChannelsLast(ForwardFunction forward, const at::Tensor& example) {
  if (example.dim() != 4) return forward;
  ForwardFunction reordered = [forward](const std::vector<at::Tensor>& inputs) {
    std::vector<at::Tensor> images = inputs;
    for (at::Tensor& image : images) {
      if (image.dim() == 4) image = image.contiguous(at::MemoryFormat::ChannelsLast);
    }
    return forward(images);
  };
  bool equal = false;
  const absl::Status ran =
      CatchTorch([&] { equal = at::equal(reordered({example}), forward({example})); });
  return ran.ok() && equal ? reordered : forward;
}

absl::StatusOr<TorchScriptModel> LoadTorchScript(const std::filesystem::path& path,
                                                 const Placement& placement,
                                                 const std::vector<at::Tensor>& example) {
  // Compiling kernels for each new shape would stall the first passes.
  torch::jit::setTensorExprFuserEnabled(false);
  TorchScriptModel result;
  torch::jit::Module module;
  const absl::Status loaded = CatchTorch([&] {
    module = torch::jit::load(path.string(), at::kCPU);
    module.eval();
    for (const at::Tensor& parameter : module.parameters()) result.parameters += parameter.numel();
    const auto& arguments = module.get_method("forward").function().getSchema().arguments();
    for (size_t i = 1; i < arguments.size(); ++i) result.arguments.push_back(arguments[i].name());
    if (placement.dtype != at::kFloat) ToDtype(module, placement.dtype);
  });
  if (!loaded.ok()) return absl::InvalidArgumentError(loaded.message());
  if (placement.dtype == at::kFloat) RETURN_IF_ERROR(RunInFloat32(module, example));
  RETURN_IF_ERROR(CatchTorch([&] { module.to(placement.device); }));

  result.plain = Forward(module);
  result.freeze = [module,
                   device = placement.device](bool optimized) -> absl::StatusOr<ForwardFunction> {
    ForwardFunction forward;
    RETURN_IF_ERROR(CatchTorch([&] {
      torch::jit::Module frozen = Reloaded(torch::jit::freeze(module), device);
      forward = Forward(optimized ? torch::jit::optimize_for_inference(frozen) : frozen);
    }));
    return forward;
  };
  return result;
}

absl::Status CheckAgrees(const ForwardFunction& fast, const ForwardFunction& plain,
                         const std::vector<std::vector<at::Tensor>>& examples) {
  for (const std::vector<at::Tensor>& example : examples) {
    at::Tensor expected;
    if (!CatchTorch([&] { expected = plain(example); }).ok()) continue;
    bool close = false;
    RETURN_IF_ERROR(CatchTorch([&] { close = IsClose(fast(example), expected); }));
    if (!close) return absl::InternalError("its optimised form gives other results");
  }
  return absl::OkStatus();
}

}  // namespace distill
