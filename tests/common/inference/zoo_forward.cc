// zoo_forward runs one forward pass of the zoo, for the test that compares it with another
// implementation. It maps model directory and normalised inputs to logits, in double or single
// precision.
#include <torch/types.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "common/base/command_line.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/inference/torchscript_export.h"
#include "common/model_directory/model_directory.h"
#include "common/model_directory/safetensors.h"
#include "common/torch/host_tensors.h"
#include "common/torch/torch_errors.h"
#include "common/zoo/registry.h"
#include "common/zoo/weights.h"

namespace distill {
namespace {

struct Options {
  std::filesystem::path model;
  std::filesystem::path inputs;
  std::filesystem::path out;
  std::filesystem::path script;
};

absl::Status Run(const Options& options) {
  ASSIGN_OR_RETURN(const ModelDescription description, ReadModelDescription(options.model));
  ASSIGN_OR_RETURN(const std::shared_ptr<Model> model,
                   CreateModel({description.architecture, description.arguments}));
  ASSIGN_OR_RETURN(const SafetensorsFile inputs, ReadSafetensors(options.inputs));
  ASSIGN_OR_RETURN(const SafetensorsFile weights,
                   ReadSafetensors(WeightsPath(options.model, description)));
  const at::Tensor x = ToTorch(inputs.tensors.at("inputs"));
  TensorMap logits;
  at::Tensor f64, f32;
  model->eval();
  for (const auto& [dtype, result] : {std::pair{at::kDouble, &f64}, {at::kFloat, &f32}}) {
    model->to(dtype);
    RETURN_IF_ERROR(LoadState(weights.tensors, *model));
    RETURN_IF_ERROR(CatchTorch([&, dtype = dtype, result = result] {
      const at::NoGradGuard no_grad;
      *result = model->Forward(x.to(dtype)).contiguous();
    }));
  }
  logits.emplace("f64", FromTorch(f64));
  logits.emplace("f32", FromTorch(f32));
  RETURN_IF_ERROR(WriteSafetensors(options.out, logits));
  if (options.script.empty()) return absl::OkStatus();
  return ExportTorchScript(*model, x.slice(0, 0, 1).to(at::kFloat), options.script);
}

}  // namespace
}  // namespace distill

int main(int argc, char** argv) {
  distill::Options options;
  CLI::App app("Logits of a model of the zoo, as f64 and f32.", "zoo_forward");
  app.add_option("--model", options.model, "Model directory")->required();
  app.add_option("--inputs", options.inputs, "safetensors: inputs, normalised")->required();
  app.add_option("--out", options.out, "safetensors to write: f64, f32")->required();
  app.add_option("--script", options.script, "TorchScript to write");
  if (const auto exit_code = distill::ParseOrExit(app, argc, argv)) return *exit_code;
  if (const absl::Status status = distill::Run(options); !status.ok()) {
    distill::log::Error(status.message());
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
