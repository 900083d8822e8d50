#include "common/inference/inference.h"

#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/frozen_graph_optimizations.h>
#include <torch/csrc/jit/passes/frozen_ops_to_mkldnn.h>
#include <torch/csrc/jit/runtime/interpreter.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/base/status_macros.h"
#include "common/inference/graph_weights.h"
#include "common/torch/torch_errors.h"

namespace distill {
namespace {

// Returns what CompiledModel::forward gives for the model.
std::vector<at::Tensor> Forward(Model& model, const at::Tensor& x) {
  const ModelOutput output = model.Compute(x);
  if (model.Head() != nullptr) return {output.features};
  if (!output.features.defined()) return {output.logits};
  return {output.logits, output.features};
}

// Returns the graph of one forward pass. The parameters, which take no gradient, become its
// constants.
std::shared_ptr<torch::jit::Graph> Trace(Model& model, const at::Tensor& example) {
  const auto forward = [&model](torch::jit::Stack inputs) {
    const std::vector<at::Tensor> outputs = Forward(model, inputs.at(0).toTensor());
    return torch::jit::Stack(outputs.begin(), outputs.end());
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
    std::vector<at::Tensor> outputs;
    for (const c10::IValue& output : stack) outputs.push_back(output.toTensor());
    return outputs;
  };
}

// Folding rounds the weights of convolutions once more, in the type of the model.
double Tolerance(at::ScalarType dtype) {
  if (dtype == at::kBFloat16) return 0.1;
  return dtype == at::kHalf ? 0.02 : 1e-3;
}

bool AreClose(const std::vector<at::Tensor>& actual, const std::vector<at::Tensor>& expected) {
  return std::equal(actual.begin(), actual.end(), expected.begin(), expected.end(),
                    [](const at::Tensor& a, const at::Tensor& b) {
                      const double tolerance = Tolerance(b.scalar_type());
                      return a.sizes() == b.sizes() && at::allclose(a, b, tolerance, tolerance);
                    });
}

bool AreEqual(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const at::Tensor& x, const at::Tensor& y) { return x.equal(y); });
}

LinearHead HeadOf(const Model& model) {
  const auto layer = model.Head();
  if (layer == nullptr) return {};
  return {.weight = layer->weight.detach(), .bias = layer->bias.detach()};
}

enum class CompiledForm { kFolded, kOneDnn };

// Takes the model, whose weights are released where the compiled function has its own.
ForwardFunction Compile(std::shared_ptr<Model> model, const at::Tensor& example,
                        CompiledForm form) {
  std::shared_ptr<torch::jit::Graph> graph = Trace(*model, example);
  model.reset();
  torch::jit::ConstantPropagation(graph);  // folding looks for constant strides and paddings
  {
    const WeightRelease release(*graph);
    torch::jit::OptimizeFrozenGraph(graph);
  }
  if (form == CompiledForm::kOneDnn) {
    const WeightRelease release(*graph);
    torch::jit::ConvertFrozenOpsToMKLDNN(graph);  // does nothing if Torch lacks oneDNN
  }
  return Run(graph);
}

absl::StatusOr<std::shared_ptr<Model>> LoadForInference(const ModelLoader& load) {
  ASSIGN_OR_RETURN(std::shared_ptr<Model> model, load());
  model->eval();
  for (at::Tensor& parameter : model->parameters()) parameter.requires_grad_(false);
  return model;
}

// Returns a batch of another size than the example, since a trace can freeze the size by mistake.
at::Tensor OtherBatch(const at::Tensor& example) {
  std::vector<int64_t> shape = example.sizes().vec();
  shape[0] = 3;
  return at::linspace(-1, 1, c10::multiply_integers(shape)).view(shape).to(example.options());
}

}  // namespace

at::Tensor LinearHead::LogitsOf(const at::Tensor& features) const {
  return at::linear(features, weight, bias);
}

absl::StatusOr<CompiledModel> CompileForInference(const ModelLoader& load,
                                                  const at::Tensor& example) {
  const at::Tensor x = OtherBatch(example);
  std::vector<CompiledForm> fastest_first = {CompiledForm::kFolded};
  if (x.is_cpu() && x.scalar_type() == at::kFloat) {
    fastest_first.insert(fastest_first.begin(), CompiledForm::kOneDnn);
  }
  absl::Status problem;
  for (const CompiledForm form : fastest_first) {
    ASSIGN_OR_RETURN(std::shared_ptr<Model> model, LoadForInference(load));
    RETURN_IF_ERROR(CatchTorch([&] { model->Forward(example); }));
    // Some operations do not support the layout of oneDNN.
    bool close = false;
    CompiledModel compiled{.head = HeadOf(*model)};
    ForwardFunction& forward = compiled.forward;
    const absl::Status ran = CatchTorch([&] {
      const std::vector<at::Tensor> expected = Forward(*model, x);
      forward = Compile(std::move(model), example, form);
      if (form == CompiledForm::kFolded) forward = PreferChannelsLast(std::move(forward), x);
      close = AreClose(forward({x}), expected);
    });
    if (ran.ok() && close) return compiled;
    problem = ran.ok() ? absl::InternalError("its trace gives other results") : ran;
  }
  log::Warning(absl::StrCat("the model runs as it is, slower than it could: ", problem.message()));
  ASSIGN_OR_RETURN(const std::shared_ptr<Model> model, LoadForInference(load));
  return CompiledModel{
      .forward =
          [model](const std::vector<at::Tensor>& inputs) { return Forward(*model, inputs.at(0)); },
      .head = HeadOf(*model)};
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
      CatchTorch([&] { equal = AreEqual(reordered({example}), forward({example})); });
  return ran.ok() && equal ? reordered : forward;
}

absl::Status CheckAgrees(const ForwardFunction& fast,
                         const std::vector<std::vector<at::Tensor>>& examples,
                         const std::vector<std::vector<at::Tensor>>& expected) {
  for (size_t i = 0; i < examples.size(); ++i) {
    if (expected[i].empty()) continue;
    bool close = false;
    RETURN_IF_ERROR(CatchTorch([&] { close = AreClose(fast(examples[i]), expected[i]); }));
    if (!close) return absl::InternalError("its optimised form gives other results");
  }
  return absl::OkStatus();
}

}  // namespace distill
