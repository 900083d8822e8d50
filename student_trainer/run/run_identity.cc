#include "student_trainer/run/run_identity.h"

#include <ATen/Parallel.h>
#include <torch/version.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/check.h"
#include "common/base/json_text.h"
#include "common/base/sha256.h"
#include "common/base/status_macros.h"
#include "common/client/session/granted.h"
#include "student_trainer/evaluation/evaluation.h"

namespace distill {
namespace {

constexpr int64_t kSamplesRead = 64;
constexpr char kOptionMark[] = "--";  // before the options among the keys that checkpoints hold

// Options that may change from one process of a run to the next: what they name is compared itself,
// or they decide nothing of what is learnt.
constexpr absl::string_view kFree[] = {"train",
                                       "val",
                                       "test",
                                       "unlabelled",
                                       "class_names",
                                       "student",
                                       "init_from",
                                       "run_dir",
                                       "threads",
                                       "loader_threads",
                                       "resume",
                                       "resume_anyway",
                                       "teacher",
                                       "checkpoint_every",
                                       "keep_checkpoints",
                                       "teacher_model",
                                       "tls",
                                       "tls_ca",
                                       "tls_cert",
                                       "tls_key",
                                       "token_file",
                                       "max_corrupt",
                                       "device",
                                       "on_teacher_loss",
                                       "connect_timeout",
                                       "allow_misaligned_teacher"};

// One "key=value" per line, as the run directory's config.toml has them.
void AddOptions(const std::string& config_toml, nlohmann::json& identity) {
  for (const absl::string_view line : absl::StrSplit(config_toml, '\n')) {
    const std::pair<absl::string_view, absl::string_view> option =
        absl::StrSplit(line, absl::MaxSplits('=', 1));
    if (option.second.empty() || absl::c_linear_search(kFree, option.first)) continue;
    identity[absl::StrCat(kOptionMark, option.first)] = std::string(option.second);
  }
}

std::string ValueOf(const nlohmann::json& object, const std::string& key) {
  return object.contains(key) ? JsonText(object[key]) : "nothing";
}

}  // namespace

std::string LabelsDigest(const Dataset& dataset, absl::Span<const int64_t> samples) {
  Sha256 digest;
  digest.Update(absl::StrCat(samples.size(), "\n", ToString(dataset.input()), "\n"));
  for (const std::string& name : dataset.class_names()) digest.Update(absl::StrCat(name, "\n"));
  for (const int64_t sample : samples) {
    const int64_t label = dataset.Label(sample);
    digest.Update(absl::string_view(reinterpret_cast<const char*>(&label), sizeof(label)));
  }
  return digest.HexDigest();
}

absl::StatusOr<std::string> DataDigest(const Dataset& dataset) {
  Sha256 digest;
  digest.Update(LabelsDigest(dataset, AllSamples(dataset)));
  ASSIGN_OR_RETURN(const size_t bytes, ByteSize(dataset.input().dtype, dataset.input().shape));
  std::vector<uint8_t> sample(bytes);
  const int64_t count = std::min(dataset.size(), kSamplesRead);
  for (int64_t i = 0; i < count; ++i) {
    const absl::Status read = dataset.Read(i * dataset.size() / count, absl::MakeSpan(sample));
    if (absl::IsDataLoss(read)) continue;
    RETURN_IF_ERROR(read);
    digest.Update(absl::string_view(reinterpret_cast<const char*>(sample.data()), sample.size()));
  }
  return digest.HexDigest();
}

absl::StatusOr<nlohmann::json> RunIdentity(const TrainOptions& options, const TrainingData& data,
                                           const ModelDescription& student,
                                           const TeacherPool* teachers) {
  nlohmann::json identity = {{"labelled samples", data.split.labelled.size()},
                             {"unlabelled samples", data.split.unlabelled.size()},
                             {"validation samples", data.validation_samples().size()},
                             {"student", student.architecture},
                             {"student's arguments", student.arguments}};
  AddOptions(options.config_toml, identity);
  ASSIGN_OR_RETURN(identity["data"], DataDigest(*data.train));
  if (data.separate_validation != nullptr) {
    ASSIGN_OR_RETURN(identity["validation data"], DataDigest(*data.separate_validation));
  }
  if (teachers != nullptr) identity["teacher's fingerprint"] = teachers->info().fingerprint;
  if (options.deterministic) {
    if (teachers != nullptr) identity["teacher's numerics"] = Describe(teachers->numerics());
    identity["student's numerics"] =
        absl::StrCat("LibTorch ", TORCH_VERSION, ", ", at::get_num_threads(), " threads");
  }
  return identity;
}

absl::Status CheckSameRun(const nlohmann::json& checkpoint, const nlohmann::json& now) {
  std::set<std::string> keys;
  for (const nlohmann::json* side : {&checkpoint, &now}) {
    for (const auto& [key, value] : side->items()) keys.insert(key);
  }
  std::vector<std::string> differences;
  for (const std::string& key : keys) {
    const std::string was = ValueOf(checkpoint, key), is = ValueOf(now, key);
    absl::string_view option = key;
    const std::string name = absl::ConsumePrefix(&option, kOptionMark) ? Field(option) : key;
    if (was != is) differences.push_back(absl::StrCat(name, " was ", was, " and is ", is));
  }
  if (differences.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrJoin(differences, ", "));
}

}  // namespace distill
