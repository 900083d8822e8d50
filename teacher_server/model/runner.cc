#include "teacher_server/model/runner.h"

#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/base/units.h"
#include "common/models/loaded_model.h"
#include "common/models/threads.h"
#include "teacher_server/model/torch_runner.h"

namespace distill {
namespace {

// "teacher" for "runs/teacher/", so that a client can name what the operator sees.
std::string NameOf(const RunnerOptions& options) {
  if (!options.model_name.empty()) return options.model_name;
  std::error_code error;
  const auto path = std::filesystem::weakly_canonical(options.model_directory, error);
  return path.filename().string();
}

}  // namespace

absl::Status RunnerOptions::Validate() const {
  if (model_directory.empty()) {
    return absl::InvalidArgumentError("model: a model directory is needed");
  }
  if (max_batch_samples < 1 || max_batch_samples > kMaxBatchSamples) {
    return absl::InvalidArgumentError(absl::StrCat("max_batch_samples ", max_batch_samples,
                                                   ": allowed are 1 to ", kMaxBatchSamples));
  }
  if (threads < 0 || threads > kMaxThreads) {
    return absl::InvalidArgumentError(
        absl::StrCat("threads ", threads, ": allowed are 0 (one a core) to ", kMaxThreads));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Runner>> LoadRunner(const RunnerOptions& options) {
  RETURN_IF_ERROR(options.Validate());
  const int threads = SetThreads(options.threads);
  ASSIGN_OR_RETURN(std::unique_ptr<LoadedModel> model, LoadedModel::Load(options.model_directory));
  const ModelDescription& description = model->description();

  ModelInfo info;
  info.name = NameOf(options);
  info.fingerprint = model->fingerprint();
  info.architecture = description.architecture;
  info.inputs = description.inputs;
  info.classes = model->classes();
  info.class_names = description.class_names;

  const std::string line = absl::StrFormat(
      "model '%s': %s, %d parameters (%s), %d classes, fingerprint %s; threads: %d", info.name,
      info.architecture, model->parameters(), FormatBytes(model->bytes()), info.classes,
      info.fingerprint.substr(0, 12), threads);
  auto runner = std::make_unique<TorchRunner>(std::move(model), std::move(info),
                                              options.max_batch_samples, threads);
  if (absl::Status warm = runner->WarmUp(); !warm.ok()) {
    return absl::Status(warm.code(), absl::StrCat(options.model_directory.string(),
                                                  ": warming up failed: ", warm.message()));
  }
  log::Info(line);
  return std::unique_ptr<Runner>(std::move(runner));
}

}  // namespace distill
