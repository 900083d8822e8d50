#include "student_trainer/run/checkpoint.h"

#include <map>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "common/base/files.h"
#include "common/base/json_text.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

constexpr char kFormat[] = "distill-checkpoint/1";
constexpr char kModel[] = "model.";
constexpr char kTrainer[] = "trainer.";
constexpr char kPrefix[] = "step_";
constexpr char kSuffix[] = ".safetensors";

absl::Status NoCheckpoint(const std::filesystem::path& path, absl::string_view why) {
  return absl::DataLossError(absl::StrCat(path.string(), " is not a checkpoint: ", why));
}

// Which of the files are not to stay, given the newest.
bool MayGo(size_t newer, int64_t batches, int keep, const RunProgress& progress) {
  const bool best = progress.has_best && batches == progress.best_batches;
  return newer >= static_cast<size_t>(keep) && !best;
}

bool IsInteger(const nlohmann::json& object, const char* key) {
  return object.contains(key) && object[key].is_number_integer();
}

}  // namespace

absl::Status WriteCheckpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  TensorMap tensors;
  for (const auto& [name, tensor] : checkpoint.model) {
    tensors.emplace(absl::StrCat(kModel, name), tensor);
  }
  for (const auto& [name, tensor] : checkpoint.trainer) {
    tensors.emplace(absl::StrCat(kTrainer, name), tensor);
  }
  const nlohmann::json run = {{"progress", ToJson(checkpoint.progress)},
                              {"identity", checkpoint.identity},
                              {"teacher", checkpoint.teacher},
                              {"metrics_bytes", checkpoint.metrics_bytes}};
  return WriteSafetensors(
      path, tensors,
      {{"format", kFormat}, {"run", JsonText(run)}, {"config", checkpoint.description}});
}

absl::StatusOr<Checkpoint> ReadCheckpoint(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(SafetensorsFile file, ReadSafetensors(path));
  if (file.metadata["format"] != kFormat) {
    return NoCheckpoint(path, absl::StrCat("its format is not ", kFormat));
  }
  Checkpoint checkpoint;
  const auto run = nlohmann::json::parse(file.metadata["run"], nullptr, /*allow_exceptions=*/false);
  if (!run.is_object() || !run.contains("progress") || !run.contains("identity") ||
      !IsInteger(run, "metrics_bytes")) {
    return NoCheckpoint(path, "its metadata does not describe the run");
  }
  absl::StatusOr<RunProgress> progress = RunProgressFromJson(run["progress"]);
  if (!progress.ok()) return NoCheckpoint(path, progress.status().message());
  checkpoint.progress = *std::move(progress);
  checkpoint.description = file.metadata["config"];
  checkpoint.identity = run["identity"];
  checkpoint.teacher = run.value("teacher", nlohmann::json());
  checkpoint.metrics_bytes = run["metrics_bytes"].get<int64_t>();
  for (auto& [name, tensor] : file.tensors) {
    absl::string_view rest = name;
    if (absl::ConsumePrefix(&rest, kModel)) {
      checkpoint.model.emplace(rest, std::move(tensor));
    } else if (absl::ConsumePrefix(&rest, kTrainer)) {
      checkpoint.trainer.emplace(rest, std::move(tensor));
    }
  }
  return checkpoint;
}

std::string CheckpointFolder::FileName(int64_t batches) {
  return absl::StrFormat("%s%010d%s", kPrefix, batches, kSuffix);
}

absl::Status CheckpointFolder::Write(const Checkpoint& checkpoint) const {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) return FileError("cannot make", folder_, error.value());
  RETURN_IF_ERROR(WriteCheckpoint(folder_ / FileName(checkpoint.progress.batches), checkpoint));
  ASSIGN_OR_RETURN(const auto all, Find());
  size_t newer = 0;
  for (auto entry = all.rbegin(); entry != all.rend(); ++entry, ++newer) {
    if (!MayGo(newer, entry->first, keep_, checkpoint.progress)) continue;
    std::filesystem::remove(entry->second, error);
    if (error) {
      log::Warning(absl::StrCat("cannot remove the old checkpoint ", entry->second.string(), ": ",
                                error.message()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Checkpoint>> CheckpointFolder::ReadNewest() const {
  ASSIGN_OR_RETURN(const auto all, Find());
  absl::Status why;
  for (auto entry = all.rbegin(); entry != all.rend(); ++entry) {
    absl::StatusOr<Checkpoint> checkpoint = ReadCheckpoint(entry->second);
    if (checkpoint.ok()) return std::optional<Checkpoint>(*std::move(checkpoint));
    log::Warning(absl::StrCat(checkpoint.status().message(), "; trying the one before it"));
    if (why.ok()) why = checkpoint.status();
  }
  if (all.empty()) return std::nullopt;
  return absl::DataLossError(
      absl::StrCat("no checkpoint in ", folder_.string(), " can be read: ", why.message()));
}

absl::StatusOr<std::map<int64_t, std::filesystem::path>> CheckpointFolder::Find() const {
  std::map<int64_t, std::filesystem::path> found;
  std::error_code error;
  if (!std::filesystem::exists(folder_, error)) return found;
  std::filesystem::directory_iterator entries(folder_, error);
  if (error) return FileError("cannot read", folder_, error.value());
  for (const std::filesystem::directory_entry& entry : entries) {
    const std::string name = entry.path().filename().string();
    absl::string_view number = name;
    int64_t batches = 0;
    if (absl::StrContains(name, absl::StrCat(kSuffix, ".tmp."))) {
      std::filesystem::remove(entry.path(), error);
    } else if (absl::ConsumePrefix(&number, kPrefix) && absl::ConsumeSuffix(&number, kSuffix) &&
               absl::SimpleAtoi(number, &batches)) {
      found.emplace(batches, entry.path());
    }
  }
  return found;
}

}  // namespace distill
