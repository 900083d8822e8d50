#include "common/inference/loaded_model.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/files.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/base/status_macros.h"
#include "common/contract/input_batch.h"
#include "common/inference/inference.h"
#include "common/inference/multiply_adds.h"
#include "common/inference/output_logits.h"
#include "common/inference/scripted_model.h"
#include "common/inference/torchscript_model.h"
#include "common/model_directory/fingerprint.h"
#include "common/model_directory/foreign_file.h"
#include "common/torch/host_tensors.h"
#include "common/torch/normalize.h"
#include "common/torch/padding.h"
#include "common/torch/torch_errors.h"
#include "common/zoo/registry.h"
#include "common/zoo/weights.h"

namespace distill {
namespace {

constexpr char kSaveScript[] =
    "torch.jit.script(model).save(FILE), or torch.jit.trace(model, example).save(FILE)";

// Samples that tell what a model gives, and how far a probability may round beyond 1.
constexpr int64_t kFormSamples = 8;
constexpr double kRounding = 1e-3;

// What inputs are multiplied by: logits then leave the range from 0 to 1, and those of a sigmoid do
// not. A model may refuse the largest.
constexpr double kFactorsTried[] = {1000, 30, 3, -1, -3};
constexpr int64_t kTokensTried = 64;

// Returns the input whose length varies, or -1 if there is none.
int64_t VariableInput(const ModelDescription& description) {
  for (size_t i = 0; i < description.inputs.size(); ++i) {
    for (const int64_t size : description.inputs[i].shape) {
      if (size == -1) return static_cast<int64_t>(i);
    }
  }
  return -1;
}

bool TakesMask(const TorchScriptModel& script, const ModelDescription& description) {
  const size_t inputs = description.inputs.size();
  const bool with_lengths =
      std::all_of(description.inputs.begin(), description.inputs.end(), [](const InputSpec& spec) {
        return HasLengths(spec) || absl::c_find(spec.shape, -1) == spec.shape.end();
      });
  return VariableInput(description) >= 0 && with_lengths && script.arguments.size() > inputs &&
         absl::StrContains(script.arguments[inputs], "mask");
}

struct ChosenForm {
  ForwardFunction forward;
  bool optimized = false;
};

using ScriptLoader = std::function<absl::StatusOr<TorchScriptModel>()>;

// Takes a script that `load` gave, and returns its fastest form that gives what its plain form
// gives on the examples; logs one line if that is not the optimised one.
absl::StatusOr<ChosenForm> ChooseForm(TorchScriptModel script, const ScriptLoader& load,
                                      const std::string& where,
                                      const std::vector<std::vector<at::Tensor>>& examples) {
  std::vector<std::vector<at::Tensor>> expected(examples.size());
  for (size_t i = 0; i < examples.size(); ++i) {
    // One that it fails on stays empty: it may take batches of one size alone.
    static_cast<void>(CatchTorch([&] { expected[i] = script.plain(examples[i]); }));
  }
  absl::Status problem;
  const auto warn = [&](absl::string_view form) {
    log::Warning(absl::StrCat(where, ": it runs ", form,
                              ", slower than optimised: ", OneLineReason(problem.message())));
  };
  for (const bool optimized : {true, false}) {
    const absl::StatusOr<ForwardFunction> frozen = script.freeze(optimized);
    const absl::Status usable =
        frozen.ok() ? CheckAgrees(*frozen, examples, expected) : frozen.status();
    if (usable.ok()) {
      if (!optimized) warn("frozen");
      return ChosenForm{*frozen, optimized};
    }
    if (problem.ok()) problem = usable;
    ASSIGN_OR_RETURN(script, load());
  }
  warn("as it is");
  return ChosenForm{script.plain, false};
}

absl::StatusOr<std::shared_ptr<Model>> LoadZooModel(const std::filesystem::path& directory,
                                                    const ModelDescription& description,
                                                    const Placement& placement) {
  if (description.inputs.size() != 1) {
    return InvalidValue(absl::StrCat("the number of inputs of ", description.architecture),
                        description.inputs.size(), 1);
  }
  ASSIGN_OR_RETURN(std::shared_ptr<Model> model,
                   CreateModel({description.architecture, description.arguments}));
  RETURN_IF_ERROR(LoadStateFile(WeightsPath(directory, description), *model));
  RETURN_IF_ERROR(CatchTorch([&] { model->to(placement.device, placement.dtype); }));
  return model;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LoadedModel>> LoadedModel::Load(
    const std::filesystem::path& directory, const Placement& placement) {
  std::unique_ptr<LoadedModel> loaded(new LoadedModel());
  loaded->placement_ = placement;
  ASSIGN_OR_RETURN(loaded->description_, ReadModelDescription(directory));
  const ModelDescription& description = loaded->description_;
  if (const std::string odd = OddNormalization(description); !odd.empty()) {
    log::Warning(absl::StrCat((directory / kConfigFile).string(), ": ", odd));
  }
  ASSIGN_OR_RETURN(loaded->fingerprint_, FingerprintOfDirectory(directory, description));
  const std::filesystem::path weights = WeightsPath(directory, description);
  std::error_code error;
  loaded->bytes_ = static_cast<int64_t>(std::filesystem::file_size(weights, error));
  if (error) {
    return absl::InternalError(absl::StrCat(weights.string(), ": ", error.message()));
  }

  const c10::InferenceMode inference_mode;
  RETURN_IF_ERROR(description.architecture == kTorchScriptArchitecture
                      ? loaded->LoadScript(directory, weights)
                      : loaded->LoadZoo(directory));
  std::vector<at::Tensor> given;
  RETURN_IF_ERROR(loaded->OnZeros(directory, [&](const std::vector<at::Tensor>& zeros) {
    given = loaded->Given(zeros);
    if (loaded->has_head()) given[0] = loaded->LogitsOf(given[1]);
  }));
  RETURN_IF_ERROR(loaded->CheckOutputs(given, directory.string()));
  RETURN_IF_ERROR(loaded->CheckForm(directory.string()));
  return loaded;
}

absl::Status LoadedModel::LoadScript(const std::filesystem::path& directory,
                                     const std::filesystem::path& weights) {
  std::vector<at::Tensor> sample = Prepare(VariedInputs(1));
  for (at::Tensor& input : sample) input = input.cpu();
  std::vector<std::string> outputs;
  for (const NamedOutput& output : description_.outputs) outputs.push_back(output.name);
  const ScriptLoader load = [&] { return LoadTorchScript(weights, placement_, sample, outputs); };
  absl::StatusOr<TorchScriptModel> script = load();
  if (absl::IsFailedPrecondition(script.status())) {
    return Annotate(script.status(), weights.string());
  }
  if (!script.ok()) {
    // What torch.save and torch.export write are such archives, too, without code.
    const bool other_archive = absl::StrContains(script.status().message(), "constants.pkl");
    const std::string foreign = DescribeForeignFileAt(weights, kSaveScript);
    const bool archive = absl::StrContains(foreign, "torch.save");
    std::string reason(script.status().message());
    if (other_archive) {
      reason =
          absl::StrCat("it was written by torch.save or torch.export; write it with ", kSaveScript);
    } else if (!foreign.empty() && (!archive || absl::StrContains(reason, "PytorchStreamReader"))) {
      reason = foreign;
    }
    return absl::InvalidArgumentError(
        absl::StrCat(weights.string(), " is not TorchScript that can be run: ", reason));
  }
  parameters_ = script->parameters;
  takes_mask_ = TakesMask(*script, description_);
  RETURN_IF_ERROR(Count(directory, script->plain));
  ASSIGN_OR_RETURN(ChosenForm chosen,
                   ChooseForm(*std::move(script), load, weights.string(),
                              {Prepare(VariedInputs(1)), Prepare(VariedInputs(3))}),
                   weights.string());
  forward_ = std::move(chosen.forward);
  // The optimised form's convolutions choose their own memory layout.
  const bool onednn =
      chosen.optimized && placement_.device.is_cpu() && placement_.dtype == at::kFloat;
  if (!onednn && !takes_mask_ && description_.inputs.size() == 1) {
    forward_ = PreferChannelsLast(std::move(forward_), Prepare(ExampleInputs(1))[0]);
  }
  return absl::OkStatus();
}

absl::Status LoadedModel::LoadZoo(const std::filesystem::path& directory) {
  absl::Status loading;
  bool counted = false;
  const ModelLoader load = [&]() -> absl::StatusOr<std::shared_ptr<Model>> {
    absl::StatusOr<std::shared_ptr<Model>> model =
        LoadZooModel(directory, description_, placement_);
    loading = Annotate(model.status(), directory.string());
    if (!model.ok() || std::exchange(counted, true)) return model;
    parameters_ = CountParameters(**model);
    (*model)->eval();
    // What it fails on is an error of CompileForInference.
    Count(directory, [&](const std::vector<at::Tensor>& x) {
      return std::vector<at::Tensor>{(*model)->Forward(x.at(0))};
    }).IgnoreError();
    return model;
  };
  absl::StatusOr<CompiledModel> compiled =
      CompileForInference(load, Prepare(ExampleInputs(1)).at(0));
  RETURN_IF_ERROR(loading);
  if (!compiled.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(directory.string(), ": the model cannot take inputs ",
                     ToString(description_.inputs.at(0)), ": ", compiled.status().message()));
  }
  forward_ = std::move(compiled->forward);
  head_ = std::move(compiled->head);
  return absl::OkStatus();
}

absl::Status LoadedModel::Count(const std::filesystem::path& directory,
                                const ForwardFunction& plain) {
  return OnZeros(directory, [&](const std::vector<at::Tensor>& zeros) {
    multiply_adds_ = CountMultiplyAdds([&] { plain(zeros); });
  });
}

absl::Status LoadedModel::OnZeros(
    const std::filesystem::path& directory,
    const std::function<void(const std::vector<at::Tensor>&)>& run) const {
  const absl::Status ran = CatchTorch([&] { run(Prepare(ExampleInputs(1))); });
  if (ran.ok()) return ran;
  const bool other_type =
      description_.architecture == kTorchScriptArchitecture && placement_.dtype != at::kFloat;
  return absl::InvalidArgumentError(absl::StrCat(
      directory.string(), ": the model fails on one sample of zeros of the inputs that ",
      kConfigFile, " names: ", ran.message(),
      other_type ? "; if it computes in a type of its own, set `dtype` to f32" : "",
      absl::StrContains(ran.message(), "missing value for argument")
          ? "; an argument after the inputs is given a mask if its name has `mask` in it and the "
            "shape of an input begins with -1 and has no other, and needs a default otherwise"
          : ""));
}

std::vector<NamedOutput> LoadedModel::NamedOutputs(size_t given) const {
  if (!description_.outputs.empty()) return description_.outputs;
  std::vector<NamedOutput> outputs = {{kLogitsOutput, OutputKind::kLogits},
                                      {"features", OutputKind::kFeatures}};
  outputs.resize(given);
  return outputs;
}

absl::Status LoadedModel::CheckOutputs(const std::vector<at::Tensor>& given,
                                       const std::string& directory) {
  const std::vector<NamedOutput> named = NamedOutputs(given.size());
  for (size_t i = 0; i < given.size(); ++i) {
    const at::Tensor& output = given[i];
    const bool per_sample = named[i].kind == OutputKind::kFeatures;
    const bool per_position = named[i].kind == OutputKind::kHidden;
    const bool dimensions =
        (output.dim() == 2 && !per_position) || (output.dim() == 3 && !per_sample);
    if (!dimensions || output.size(0) != 1 || output.numel() == 0 || !output.is_floating_point()) {
      const absl::string_view wanted = per_sample     ? "[1, width]"
                                       : per_position ? "[1, length, width]"
                                                      : "[1, classes] or [1, length, classes]";
      return absl::InvalidArgumentError(absl::StrCat(
          directory, ": for one sample the model gives ", c10::toString(output.scalar_type()), " ",
          ToString(output.sizes().vec()), " instead of ", named[i].name, " ", wanted));
    }
    OutputSpec spec{.name = named[i].name, .kind = named[i].kind, .width = output.size(-1)};
    if (output.dim() == 3) {
      const bool by_length = VariableInput(description_) >= 0 && output.size(1) == kExampleLength;
      spec.rows_per_sample = by_length ? -1 : output.size(1);
    }
    outputs_.push_back(std::move(spec));
  }
  logits_ = IndexOf(kLogitsOutput, outputs_);
  return logits_ < 0 ? absl::OkStatus()
                     : CheckLogits(given[static_cast<size_t>(logits_)], directory);
}

absl::Status LoadedModel::CheckLogits(const at::Tensor& output, const std::string& directory) {
  columns_ = output.size(-1);
  if (columns_ == 1 && !description_.output.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat(directory,
                     ": the model gives one number per sample, and soft targets are of two classes "
                     "at least; if it is about the second of two, say in ",
                     kConfigFile, R"( what it is: "output": "logits" or "output": "sigmoid")"));
  }
  output_ = description_.output.value_or(OutputForm::kLogits);
  classes_ = std::max<int64_t>(columns_, 2);
  OutputSpec& logits = outputs_[static_cast<size_t>(logits_)];
  logits.width = classes_;
  rows_per_sample_ = logits.rows_per_sample;
  const size_t names = description_.class_names.size();
  if (names != 0 && names != static_cast<size_t>(classes_)) {
    return absl::InvalidArgumentError(absl::StrCat(directory, ": the model gives ", classes_,
                                                   " classes, and the "
                                                   "class_names of ",
                                                   kConfigFile, " are ", names));
  }
  return absl::OkStatus();
}

bool LoadedModel::StaysAProbability() const {
  for (const double factor : kFactorsTried) {
    bool within = true;
    // What it fails on, as tokens beyond its vocabulary, tells nothing.
    CatchTorch([&] {
      std::vector<at::Tensor> inputs = Prepare(VariedInputs(kFormSamples));
      for (at::Tensor& input : inputs) {
        if (input.is_floating_point()) {
          input = input * factor;
        } else if (input.scalar_type() != at::kBool) {
          input =
              at::arange(input.numel(), input.options()).remainder_(kTokensTried).view_as(input);
        }
      }
      const at::Tensor rows = Given(inputs)[static_cast<size_t>(logits_)].to(at::kFloat);
      within = rows.ge(0).logical_and(rows.le(1)).all().item<bool>();
    }).IgnoreError();
    if (!within) return false;
  }
  return true;
}

absl::Status LoadedModel::CheckForm(const std::string& directory) {
  if (description_.architecture != kTorchScriptArchitecture || logits_ < 0) {
    return absl::OkStatus();
  }
  at::Tensor rows;
  for (const int64_t samples : {kFormSamples, int64_t{1}}) {
    const absl::Status ran = CatchTorch(
        [&] { rows = Given(Prepare(VariedInputs(samples)))[static_cast<size_t>(logits_)]; });
    if (ran.ok()) break;
  }
  if (!rows.defined()) return absl::OkStatus();
  if (!description_.output.has_value()) {
    suspected_output_ = LooksLike(rows);
    if (suspected_output_ == OutputForm::kSigmoid && !StaysAProbability()) {
      suspected_output_ = OutputForm::kLogits;
    }
    if (suspected_output_ != OutputForm::kLogits) {
      log::Warning(absl::StrCat(directory, ": the model gives what looks like ",
                                Name(suspected_output_), " instead of logits; set \"output\" in ",
                                kConfigFile, " to what it is"));
    }
    return absl::OkStatus();
  }
  const bool logarithms = output_ == OutputForm::kLogProbabilities;
  const bool fits =
      output_ == OutputForm::kLogits ||
      (logarithms ? rows.le(kRounding).all().item<bool>()
                  : rows.ge(0).logical_and(rows.le(1 + kRounding)).all().item<bool>());
  if (fits) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      directory, ": ", kConfigFile, " says that the output is ", Name(output_),
      ", and the model gives numbers ", logarithms ? "above 0" : "below 0 or above 1"));
}

std::vector<at::Tensor> LoadedModel::Given(absl::Span<const at::Tensor> prepared) const {
  std::vector<at::Tensor> given = forward_({prepared.begin(), prepared.end()});
  if (has_head()) given.insert(given.begin(), at::Tensor());
  return given;
}

absl::StatusOr<std::vector<at::Tensor>> LoadedModel::Compute(absl::Span<const at::Tensor> inputs,
                                                             const at::Tensor& lengths) const {
  if (inputs.size() != description_.inputs.size() || inputs.empty()) {
    return InvalidValue("the number of inputs", inputs.size(), description_.inputs.size());
  }
  std::vector<at::Tensor> outputs;
  RETURN_IF_ERROR(CatchTorch([&] {
    const c10::InferenceMode inference_mode;
    outputs = Given(Prepare(inputs, lengths));
    for (size_t i = 0; i < outputs.size(); ++i) {
      at::Tensor& output = outputs[i];
      if (!output.defined()) continue;  // made by the head
      const bool is_logits = static_cast<int64_t>(i) == logits_;
      const int64_t width = is_logits ? columns_ : outputs_[i].width;
      const int64_t rows = outputs_[i].rows_per_sample;
      const bool rows_fit = output.dim() == 2
                                ? rows == 1
                                : output.dim() == 3 && (rows == -1 || output.size(1) == rows);
      TORCH_CHECK(rows_fit && output.size(0) == inputs[0].size(0) && output.size(-1) == width,
                  "the model gives ", outputs_[i].name, " ", output.sizes(), " for ",
                  inputs[0].size(0), " samples with rows of ", width, " numbers");
      output = (is_logits ? ToLogits(output_, output) : output).contiguous();
    }
  }));
  return outputs;
}

at::Tensor LoadedModel::LogitsOf(const at::Tensor& features) const {
  return head_.LogitsOf(features).to(at::kFloat);
}

absl::StatusOr<at::Tensor> LoadedModel::Logits(absl::Span<const at::Tensor> inputs,
                                               const at::Tensor& lengths) const {
  if (logits_ < 0) return absl::FailedPreconditionError("the model: it gives no logits");
  ASSIGN_OR_RETURN(std::vector<at::Tensor> outputs, Compute(inputs, lengths));
  at::Tensor logits = std::move(outputs[static_cast<size_t>(logits_)]);
  if (!has_head()) return logits;
  RETURN_IF_ERROR(CatchTorch([&] {
    const c10::InferenceMode inference_mode;
    logits = LogitsOf(outputs[1]);
  }));
  return logits;
}

std::vector<at::Tensor> LoadedModel::ExampleInputs(int64_t samples, int64_t length) const {
  std::vector<at::Tensor> inputs;
  for (const InputSpec& spec : description_.inputs) {
    Shape shape = {samples};
    for (const int64_t size : spec.shape) shape.push_back(size == -1 ? length : size);
    inputs.push_back(at::zeros(shape, at::dtype(ToTorch(spec.dtype))));
  }
  return inputs;
}

std::vector<at::Tensor> LoadedModel::VariedInputs(int64_t samples) const {
  std::vector<at::Tensor> inputs = ExampleInputs(samples);
  for (at::Tensor& input : inputs) {
    const at::Tensor flat = input.view(-1);
    if (input.is_floating_point()) {
      flat.copy_(at::linspace(-1, 1, flat.numel()));
    } else {
      // Pixels take all values; tokens the two that every vocabulary has.
      const int64_t values = input.scalar_type() == at::kByte ? 256 : 2;
      flat.copy_(at::arange(flat.numel(), at::kLong).mul_(37).remainder_(values));
    }
  }
  return inputs;
}

bool LoadedModel::tells_padding() const { return TellsPadding(description_.inputs); }

std::vector<at::Tensor> LoadedModel::Prepare(absl::Span<const at::Tensor> inputs,
                                             const at::Tensor& lengths) const {
  std::vector<at::Tensor> prepared;
  for (const at::Tensor& input : inputs) {
    const at::Tensor here = input.to(placement_.device, /*non_blocking=*/true);
    at::Tensor x = Normalize(here, description_.normalization);
    prepared.push_back(x.is_floating_point() ? x.to(placement_.dtype) : x);
  }
  if (takes_mask_) {
    prepared.push_back(
        InputMask(description_.inputs, description_.pad_id.value_or(0), prepared, lengths));
  }
  return prepared;
}

absl::Status SaveModelDirectory(const std::filesystem::path& directory,
                                const ModelDescription& description,
                                const torch::nn::Module& module) {
  const auto* script = dynamic_cast<const ScriptedModel*>(&module);
  if ((script != nullptr) != (description.architecture == kTorchScriptArchitecture)) {
    return absl::InvalidArgumentError(
        absl::StrCat(directory.string(), ": a model directory of the architecture ",
                     description.architecture, " cannot hold this model"));
  }
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    return absl::InternalError(
        absl::StrCat(directory.string(), ": cannot make the folder: ", error.message()));
  }
  const std::filesystem::path weights = WeightsPath(directory, description);
  RETURN_IF_ERROR(script != nullptr ? script->Save(weights)
                                    : WriteSafetensors(weights, StateOf(module)));
  return WriteFileAtomically(directory / kConfigFile, ToJson(description));
}

}  // namespace distill
