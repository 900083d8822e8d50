#include "common/inference/scripted_model.h"

#include <torch/csrc/jit/passes/tensorexpr_fuser.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <sstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/files.h"
#include "common/base/status_macros.h"
#include "common/inference/script_dtype.h"
#include "common/torch/torch_errors.h"
#include "common/zoo/weights.h"

namespace distill {

absl::StatusOr<std::shared_ptr<ScriptedModel>> ScriptedModel::Load(
    const std::filesystem::path& path, const std::vector<at::Tensor>& example) {
  torch::jit::setTensorExprFuserEnabled(false);  // compiles kernels for each new shape
  torch::jit::Module script;
  absl::Status loaded = CatchTorch([&] {
    script = torch::jit::load(path.string(), at::kCPU);
    script.get_method("forward");
  });
  if (loaded.ok() && !example.empty()) {
    script.eval();
    RETURN_IF_ERROR(RunInFloat32(script, example), path.string());
    script.train();
  }
  std::shared_ptr<ScriptedModel> model;
  if (loaded.ok()) loaded = CatchTorch([&] { model.reset(new ScriptedModel(std::move(script))); });
  if (!loaded.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path.string(), " is not TorchScript that can be trained: ", loaded.message()));
  }
  if (TrainableParameters(*model).empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(path.string(),
                     ": the TorchScript has no parameters that take gradients, as if frozen; "
                     "save it with torch.jit.script(model).save(…)"));
  }
  return model;
}

ScriptedModel::ScriptedModel(torch::jit::Module script) : script_(std::move(script)) {
  Mirror(script_, *this);
  const auto& arguments = script_.get_method("forward").function().getSchema().arguments();
  for (size_t i = 1; i < arguments.size(); ++i) arguments_.push_back(arguments[i].name());
}

bool ScriptedModel::TakesMask(size_t inputs) const {
  return arguments_.size() > inputs && absl::StrContains(arguments_[inputs], "mask");
}

void ScriptedModel::Mirror(const torch::jit::Module& script, torch::nn::Module& own) {
  for (const auto& parameter : script.named_parameters(/*recurse=*/false)) {
    own.register_parameter(parameter.name, parameter.value, parameter.value.requires_grad());
  }
  for (const auto& buffer : script.named_buffers(/*recurse=*/false)) {
    own.register_buffer(buffer.name, buffer.value);
    script_buffers_.push_back({script, buffer.name, buffer.value});
  }
  for (const auto& child : script.named_children()) {
    const auto mirrored = own.register_module(child.name, std::make_shared<torch::nn::Module>());
    Mirror(child.value, *mirrored);
  }
}

ModelOutput ScriptedModel::Compute(const ModelInputs& inputs) {
  const torch::jit::GraphOptimizerEnabledGuard one_by_one(false);
  std::vector<torch::jit::IValue> arguments;
  for (const ModelInputs::Named& input : inputs.all()) arguments.emplace_back(input.tensor);
  if (inputs.mask.defined() && TakesMask(arguments.size())) arguments.emplace_back(inputs.mask);
  const torch::jit::IValue output = script_.forward(std::move(arguments));
  TORCH_CHECK(output.isTensor(), "the TorchScript gives ", output.tagKind(),
              " instead of one tensor of logits");
  if (is_training()) KeepBuffers();
  return {.logits = output.toTensor()};
}

void ScriptedModel::KeepBuffers() {
  const at::NoGradGuard no_grad;
  for (Buffer& buffer : script_buffers_) {
    const at::Tensor now = buffer.owner.attr(buffer.name).toTensor();
    if (now.is_same(buffer.tensor)) continue;
    buffer.tensor.copy_(now);
    buffer.owner.setattr(buffer.name, buffer.tensor);
  }
}

void ScriptedModel::train(bool on) {
  Model::train(on);
  script_.train(on);
}

absl::Status ScriptedModel::Save(const std::filesystem::path& path) const {
  torch::jit::Module script = script_;  // the same object
  std::ostringstream file;
  const absl::Status written = CatchTorch([&] {
    script.eval();
    script.save(file);
  });
  script.train(is_training());
  if (!written.ok()) {
    return absl::InternalError(
        absl::StrCat(path.string(), ": the TorchScript cannot be written: ", written.message()));
  }
  return WriteFileAtomically(path, std::move(file).str());
}

}  // namespace distill
