#include "teacher_server/runner/runner.h"

#include <ATen/Context.h>

#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/base/units.h"
#include "common/inference/loaded_model.h"
#include "common/inference/stability.h"
#include "common/torch/placement.h"
#include "common/torch/threads.h"
#include "teacher_server/runner/compare_dtypes.h"
#include "teacher_server/runner/torch_runner.h"

namespace distill {
namespace {

ModelInfo Describe(const LoadedModel& model, std::string name) {
  const ModelDescription& description = model.description();
  return {.name = std::move(name),
          .fingerprint = model.fingerprint(),
          .architecture = description.architecture,
          .inputs = description.inputs,
          .outputs = model.outputs(),
          .classes = model.classes(),
          .rows_per_sample = model.rows_per_sample(),
          .class_names = description.class_names,
          .suspected_output = model.suspected_output() == OutputForm::kLogits
                                  ? ""
                                  : std::string(Name(model.suspected_output()))};
}

}  // namespace

std::string NameOf(const RunnerOptions& options) {
  if (!options.model_name.empty()) return options.model_name;
  // As it is written: `current` may be a link to another version each time.
  std::error_code error;
  const auto path = std::filesystem::absolute(options.model_directory, error).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

absl::Status RunnerOptions::Validate() const {
  RETURN_IF_ERROR(CheckGiven("model", model_directory.string(), "a model directory"));
  RETURN_IF_ERROR(CheckInRange("max_batch_samples", max_batch_samples, 1, kMaxBatchSamples));
  RETURN_IF_ERROR(CheckPlacement(device, dtype));
  RETURN_IF_ERROR(
      CheckInRange("instances", instances, 0, kMaxInstances, "1 on the CPU, 2 on CUDA"));
  return CheckInRange("threads", threads, 0, kMaxThreads, "one per core");
}

absl::StatusOr<std::vector<std::unique_ptr<Runner>>> LoadRunners(const RunnerOptions& options) {
  RETURN_IF_ERROR(options.Validate());
  ASSIGN_OR_RETURN(const Placement placement, ParsePlacement(options.device, options.dtype));
  const int threads = SetThreads(options.threads);
  log::Info(absl::StrCat("loading model '", NameOf(options), "'"));
  // The same request gives the same bytes on CUDA too.
  at::globalContext().setDeterministicCuDNN(true);
  at::globalContext().setAllowTF32CuDNN(false);  // f32 is float32; bf16 and f16 are the fast ones
  ASSIGN_OR_RETURN(const std::shared_ptr<const LoadedModel> model,
                   LoadedModel::Load(options.model_directory, placement));
  const ModelInfo info = Describe(*model, NameOf(options));
  log::Info(absl::StrFormat(
      "model '%s': %s, %d parameters (%s), %d classes, fingerprint %s; %s on %s, threads: %d",
      info.name, info.architecture, model->parameters(), FormatBytes(model->bytes()), info.classes,
      info.fingerprint.substr(0, 12), ShortName(placement.dtype), placement.device.str(), threads));

  if (const absl::Status stable = CheckStable(*model); !stable.ok()) {
    const std::string why = absl::StrCat(options.model_directory.string(), ": ", stable.message());
    if (!options.allow_unstable_teacher) {
      return absl::FailedPreconditionError(
          absl::StrCat(why, ", or set ", Field("allow_unstable_teacher")));
    }
    log::Warning(why);
  }
  int instances = options.instances;
  if (instances == 0) instances = placement.device.is_cuda() ? 2 : 1;
  std::vector<std::unique_ptr<Runner>> runners;
  for (int i = 0; i < instances; ++i) {
    auto runner = std::make_unique<TorchRunner>(model, info, options.max_batch_samples, threads,
                                                options.max_length);
    RETURN_IF_ERROR(runner->WarmUp(), options.model_directory.string(), ": warming up failed");
    runners.push_back(std::move(runner));
  }
  if (options.compare_dtypes) {
    log::Info(CompareDtypes(options.model_directory, *model, options.max_batch_samples));
  }
  return runners;
}

}  // namespace distill
