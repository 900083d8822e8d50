#include "student_trainer/commands/export_command.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/check.h"
#include "common/base/files.h"
#include "common/base/status_macros.h"
#include "common/inference/loaded_model.h"
#include "common/zoo/weights.h"
#include "student_trainer/run/checkpoint.h"
#include "student_trainer/students/ship.h"
#include "student_trainer/students/trainable_model.h"

namespace distill {
namespace {

constexpr char kAverage[] = "ema.average.";

absl::StatusOr<TrainableModel> FromCheckpoint(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(Checkpoint checkpoint, ReadCheckpoint(path));
  ASSIGN_OR_RETURN(ModelDescription description, ParseModelDescription(checkpoint.description));
  // The description is that of the best model so far, which these weights need not be.
  const RunProgress& progress = checkpoint.progress;
  if (!progress.has_best || progress.best_batches != progress.batches) {
    description.training.erase("best_epoch");
    description.training.erase("validation");
    if (progress.epochs != kEpochsNotCounted) description.training["epoch"] = progress.epochs;
  }
  if (description.architecture == kTorchScriptArchitecture) {
    return absl::FailedPreconditionError(
        absl::StrCat(path.string(),
                     ": it is the checkpoint of a TorchScript student, whose code it does not "
                     "hold; export the model directory of its run"));
  }
  for (auto& [name, tensor] : checkpoint.trainer) {
    absl::string_view parameter = name;
    if (absl::ConsumePrefix(&parameter, kAverage)) {
      checkpoint.model.insert_or_assign(std::string(parameter), std::move(tensor));
    }
  }
  return MakeTrainable(std::move(description), checkpoint.model);
}

}  // namespace

absl::Status ExportOptions::Validate() const {
  RETURN_IF_ERROR(CheckGiven("source", source, "a model directory or a checkpoint"));
  return CheckGiven("out", out, "a new folder");
}

absl::Status RunExport(const ExportOptions& options, std::ostream& out) {
  RETURN_IF_ERROR(options.Validate());
  std::error_code error;
  if (std::filesystem::is_directory(options.source, error) &&
      !std::filesystem::exists(std::filesystem::path(options.source) / kConfigFile, error)) {
    for (const auto& entry : std::filesystem::directory_iterator(options.source, error)) {
      if (absl::StartsWith(entry.path().filename().string(), "step_")) {
        return absl::InvalidArgumentError(absl::StrCat(
            options.source, ": it is a folder of checkpoints; name one of them, such as ",
            entry.path().string()));
      }
    }
  }
  absl::StatusOr<TrainableModel> exported = std::filesystem::is_regular_file(options.source, error)
                                                ? FromCheckpoint(options.source)
                                                : LoadTrainable(options.source);
  RETURN_IF_ERROR(exported.status());
  RETURN_IF_ERROR(CreateEmptyDirectory(options.out));
  RETURN_IF_ERROR(SaveModelDirectory(options.out, exported->description, *exported->model));
  RETURN_IF_ERROR(AddTorchScript(options.out));
  out << options.out << ": " << CountParameters(*exported->model) << " parameters" << std::endl;
  return absl::OkStatus();
}

}  // namespace distill
