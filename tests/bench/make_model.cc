// make_model writes a model directory with random weights for benchmarks, since the computation
// takes the same time whether the model is trained or not.
#include <torch/nn/modules/batchnorm.h>
#include <torch/types.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/command_line.h"
#include "common/base/files.h"
#include "common/base/log.h"
#include "common/base/process.h"
#include "common/base/status_macros.h"
#include "common/inference/loaded_model.h"
#include "common/inference/torchscript_export.h"
#include "common/model_directory/model_directory.h"
#include "common/torch/torch_errors.h"
#include "common/zoo/registry.h"
#include "common/zoo/weights.h"

namespace distill {
namespace {

struct Options {
  std::string architecture;
  std::string arguments = "{}";
  std::vector<int64_t> input;
  int64_t classes = 10;
  uint64_t seed = 0;
  bool torchscript = false;
  std::filesystem::path out;
};

absl::StatusOr<Architecture> ArchitectureFor(const Options& options) {
  ASSIGN_OR_RETURN(Architecture architecture,
                   ArchitectureOf(options.architecture, options.input, options.classes));
  const auto arguments = nlohmann::json::parse(options.arguments, nullptr, false);
  if (!arguments.is_object()) {
    return absl::InvalidArgumentError("arguments '" + options.arguments +
                                      "': allowed is a JSON object");
  }
  architecture.arguments.update(arguments);
  return architecture;
}

// Runs one pass in training mode, which sets the statistics of the batch normalisations to those of
// the batch: with the statistics of a new module the activations of a deep model exceed the range
// of half precision.
void SetStatistics(Model& model, const Options& options) {
  constexpr int64_t kSamples = 4;
  const at::NoGradGuard no_grad;
  for (const auto& module : model.modules()) {
    if (auto* norm = module->as<torch::nn::BatchNorm2d>()) norm->options.momentum(1.0);
  }
  std::vector<int64_t> shape = {kSamples};
  shape.insert(shape.end(), options.input.begin(), options.input.end());
  model.train();
  model.Forward(torch::rand(shape));
  model.eval();
}

absl::Status Make(const Options& options) {
  ASSIGN_OR_RETURN(const Architecture architecture, ArchitectureFor(options));
  at::manual_seed(options.seed);
  ASSIGN_OR_RETURN(const std::shared_ptr<Model> model, CreateModel(architecture));
  RETURN_IF_ERROR(CatchTorch([&] { SetStatistics(*model, options); }));
  ModelDescription description;
  description.architecture = architecture.name;
  description.arguments = architecture.arguments;
  description.inputs = {{.name = "image", .dtype = DType::kUint8, .shape = options.input}};
  description.normalization.scale = 255;
  if (options.torchscript) {
    description.architecture = kTorchScriptArchitecture;
    description.arguments = nlohmann::json::object();
    std::vector<int64_t> example = {1};
    example.insert(example.end(), options.input.begin(), options.input.end());
    std::filesystem::create_directories(options.out);
    RETURN_IF_ERROR(
        ExportTorchScript(*model, torch::rand(example), WeightsPath(options.out, description)));
    RETURN_IF_ERROR(WriteFileAtomically(options.out / kConfigFile, ToJson(description)));
  } else {
    RETURN_IF_ERROR(SaveModelDirectory(options.out, description, *model));
  }
  std::cout << options.out.string() << ": " << options.architecture << ", "
            << CountParameters(*model) << " parameters\n";
  return absl::OkStatus();
}

}  // namespace
}  // namespace distill

int main(int argc, char** argv) {
  distill::RestartWithPassiveOpenMp(argv);
  distill::Options options;
  CLI::App app("Writes a model directory with random weights.", "make_model");
  app.add_option("--architecture", options.architecture,
                 "A name of the zoo, such as cifar_resnet20")
      ->required();
  app.add_option("--arguments", options.arguments,
                 "JSON object with arguments of the architecture, over the name's own");
  app.add_option("--input", options.input, "Shape of its uint8 input, such as 3,32,32")
      ->delimiter(',')
      ->required();
  app.add_option("--classes", options.classes)->capture_default_str();
  app.add_option("--seed", options.seed, "Of the weights")->capture_default_str();
  app.add_flag("--torchscript", options.torchscript, "Writes model.pt instead of weights");
  app.add_option("--out", options.out, "Model directory to write")->type_name("DIR")->required();
  if (const auto exit_code = distill::ParseOrExit(app, argc, argv)) return *exit_code;
  if (const absl::Status status = distill::Make(options); !status.ok()) {
    distill::log::Error(status.message());
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
