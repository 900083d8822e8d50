#include "student_trainer/run/run_identity.h"

#include <ATen/Parallel.h>
#include <torch/version.h>

#include <algorithm>
#include <set>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "common/base/check.h"
#include "common/base/json_text.h"
#include "common/base/sha256.h"
#include "common/base/status_macros.h"
#include "common/client/session/granted.h"
#include "student_trainer/data/sample_memory.h"
#include "student_trainer/evaluation/evaluation.h"

namespace distill {
namespace {

constexpr int64_t kSamplesRead = 64;

std::string ValueOf(const nlohmann::json& object, const std::string& key) {
  return object.contains(key) ? JsonText(OptionValue(object[key])) : "nothing";
}

}  // namespace

// "0.1", "\"sgd\"", "\"[0.5,0.75]\"".
nlohmann::json OptionValue(const nlohmann::json& value) {
  if (!value.is_string()) return value;
  const nlohmann::json parsed =
      nlohmann::json::parse(value.get_ref<const std::string&>(), nullptr, false);
  if (parsed.is_discarded() || parsed.is_object()) return value;
  return parsed.is_string() ? OptionValue(parsed) : parsed;
}

std::string LabelsDigest(const Dataset& dataset, absl::Span<const int64_t> samples) {
  Sha256 digest;
  digest.Update(absl::StrCat(samples.size(), "\n", ToString(dataset.inputs()), "\n"));
  for (const std::string& name : dataset.class_names()) digest.Update(absl::StrCat(name, "\n"));
  for (const int64_t sample : samples) {
    if (const int64_t length = dataset.Length(sample); length > 0) {
      digest.Update(absl::string_view(reinterpret_cast<const char*>(&length), sizeof(length)));
    }
    for (const int64_t label : dataset.Labels(sample)) {
      digest.Update(absl::string_view(reinterpret_cast<const char*>(&label), sizeof(label)));
    }
  }
  return digest.HexDigest();
}

absl::StatusOr<std::string> DataDigest(const Dataset& dataset) {
  Sha256 digest;
  digest.Update(LabelsDigest(dataset, AllSamples(dataset)));
  const int64_t count = std::min(dataset.size(), kSamplesRead);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t sample = i * dataset.size() / count;
    ASSIGN_OR_RETURN(SampleMemory memory, SampleMemory::Allocate(dataset, {sample}));
    const Destinations inputs = memory.Next(dataset.Length(sample));
    const absl::Status read = dataset.Read(sample, inputs);
    if (absl::IsDataLoss(read)) continue;
    RETURN_IF_ERROR(read);
    for (const absl::Span<uint8_t> input : inputs) {
      digest.Update(absl::string_view(reinterpret_cast<const char*>(input.data()), input.size()));
    }
  }
  return digest.HexDigest();
}

absl::StatusOr<nlohmann::json> RunIdentity(const nlohmann::json& deciding, bool deterministic,
                                           const TrainingData& data,
                                           const ModelDescription& student,
                                           const TeacherPool* teachers) {
  nlohmann::json identity = {{"labelled samples", data.split.labelled.size()},
                             {"unlabelled samples", data.split.unlabelled.size()},
                             {"validation samples", data.validation_samples().size()},
                             {"student", student.architecture},
                             {"student's arguments", student.arguments}};
  for (const auto& [name, value] : deciding.items()) {
    identity[absl::StrCat(kOptionMark, name)] = value;
  }
  ASSIGN_OR_RETURN(identity["data"], DataDigest(*data.train));
  if (data.separate_validation != nullptr) {
    ASSIGN_OR_RETURN(identity["validation data"], DataDigest(*data.separate_validation));
  }
  if (teachers != nullptr) identity["teacher's fingerprint"] = teachers->info().fingerprint;
  if (deterministic) {
    if (teachers != nullptr) identity["teacher's numerics"] = Describe(teachers->numerics());
    identity["student's numerics"] =
        absl::StrCat("LibTorch ", TORCH_VERSION, ", ", at::get_num_threads(), " threads");
  }
  return identity;
}

absl::Status CheckSameRun(const nlohmann::json& checkpoint, const nlohmann::json& now) {
  std::set<std::string> keys;
  for (const nlohmann::json* side : {&checkpoint, &now}) {
    for (const auto& [key, value] : side->items()) {
      // An option that the run does not compare any more, or does not have.
      if (absl::StartsWith(key, kOptionMark) && !now.contains(key)) continue;
      keys.insert(key);
    }
  }
  std::vector<std::string> differences;
  for (const std::string& key : keys) {
    const nlohmann::json was = OptionValue(checkpoint.value(key, nlohmann::json()));
    const nlohmann::json is = OptionValue(now.value(key, nlohmann::json()));
    if (was == is) continue;
    absl::string_view option = key;
    const std::string name = absl::ConsumePrefix(&option, kOptionMark) ? Field(option) : key;
    differences.push_back(
        absl::StrCat(name, " was ", ValueOf(checkpoint, key), " and is ", ValueOf(now, key)));
  }
  if (differences.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrJoin(differences, ", "));
}

}  // namespace distill
