#include "student_trainer/students/init_from.h"

#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/base/files.h"
#include "common/base/known_names.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/base/strict_json.h"
#include "common/inference/scripted_model.h"
#include "common/zoo/weights.h"

namespace distill {
namespace {

constexpr char kIndexFile[] = "model.safetensors.index.json";
constexpr char kScriptEnding[] = ".pt";
constexpr int kIndexDepth = 8;
// DistributedDataParallel, torch.compile, and what training code calls the part before the head.
constexpr absl::string_view kPrefixes[] = {"module.", "_orig_mod.", "model.", "encoder.",
                                           "backbone."};

bool Exists(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

// The length of the prefixes that a name begins with.
size_t PrefixLength(absl::string_view name) {
  absl::string_view rest = name;
  for (bool found = true; found;) {
    found = false;
    for (const absl::string_view prefix : kPrefixes)
      found = absl::ConsumePrefix(&rest, prefix) || found;
  }
  return name.size() - rest.size();
}

// A config.json of another program describes nothing here.
absl::StatusOr<std::optional<ModelDescription>> DescriptionIn(const std::filesystem::path& folder) {
  const std::filesystem::path config = folder / kConfigFile;
  if (!Exists(config)) return std::nullopt;
  ASSIGN_OR_RETURN(const std::string text, ReadFile(config));
  absl::StatusOr<ModelDescription> description = ParseModelDescription(text);
  if (description.ok()) return *std::move(description);
  if (absl::StrContains(text, "\"distill/")) return Annotate(description.status(), config.string());
  return std::nullopt;
}

absl::StatusOr<TensorMap> ReadShards(const std::filesystem::path& index) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(index));
  ASSIGN_OR_RETURN(const nlohmann::json json, ParseStrictJson(text, kIndexDepth), index.string());
  const auto map = json.is_object() ? json.find("weight_map") : json.end();
  if (map == json.end() || !map->is_object()) {
    return absl::InvalidArgumentError(absl::StrCat(index.string(), ": it has no weight_map"));
  }
  std::set<std::string> files;
  for (const auto& [tensor, file] : map->items()) {
    const std::filesystem::path name = file.is_string() ? file.get<std::string>() : "";
    if (name.empty() || name.filename() != name) {
      return absl::InvalidArgumentError(
          absl::StrCat(index.string(), ": the file of '", tensor, "' is not a name in its folder"));
    }
    files.insert(name.string());
  }
  TensorMap tensors;
  for (const std::string& file : files) {
    ASSIGN_OR_RETURN(SafetensorsFile shard, ReadSafetensors(index.parent_path() / file));
    tensors.merge(shard.tensors);
  }
  for (const auto& [tensor, file] : map->items()) {
    if (!tensors.contains(tensor)) {
      return absl::DataLossError(
          absl::StrCat(index.string(), ": '", tensor, "' is not in ", file.get<std::string>()));
    }
  }
  return tensors;
}

// The tensors keep their memory.
absl::StatusOr<TensorMap> ReadScript(const std::filesystem::path& file) {
  ASSIGN_OR_RETURN(const std::shared_ptr<ScriptedModel> script, ScriptedModel::Load(file));
  return StateOf(*script);
}

// The normalisation of the source, if the student's inputs are of its kind.
const Normalization* NormalizationFor(const ModelDescription& student,
                                      const std::optional<ModelDescription>& source) {
  if (!source.has_value() || source->inputs.size() != 1 || student.inputs.size() != 1) {
    return nullptr;
  }
  const InputSpec& theirs = source->inputs[0];
  const InputSpec& ours = student.inputs[0];
  const bool same_kind =
      theirs.dtype == ours.dtype && theirs.shape.size() == ours.shape.size() &&
      (source->normalization.mean.size() <= 1 || theirs.shape[0] == ours.shape[0]);
  return same_kind ? &source->normalization : nullptr;
}

std::string AboutNormalization(const std::optional<ModelDescription>& source,
                               bool keep_normalization, ModelDescription& student) {
  if (student.inputs.size() != 1 || !IsNormalized(student.inputs[0])) return "";  // tokens
  const Normalization* const theirs = NormalizationFor(student, source);
  if (theirs == nullptr && keep_normalization) return "";
  if (theirs == nullptr)
    return "; its mean and deviation are not known, those of the data are used";
  if (*theirs == student.normalization) return "";
  if (keep_normalization) return "; its mean and deviation differ from the student's, which stay";
  student.normalization = *theirs;
  return "; inputs are normalised by its mean and deviation";
}

}  // namespace

absl::StatusOr<SourceWeights> ReadSourceWeights(const std::filesystem::path& path) {
  SourceWeights source;
  std::error_code error;
  if (std::filesystem::is_regular_file(path, error) && path.extension() == kScriptEnding) {
    ASSIGN_OR_RETURN(source.tensors, ReadScript(path));
    return source;
  }
  if (std::filesystem::is_regular_file(path, error)) {
    ASSIGN_OR_RETURN(SafetensorsFile file, ReadSafetensors(path));
    source.tensors = std::move(file.tensors);
    return source;
  }
  if (!Exists(path)) return absl::NotFoundError("there is no such folder or file");
  ASSIGN_OR_RETURN(source.description, DescriptionIn(path));
  const bool is_script = source.description.has_value() &&
                         source.description->architecture == kTorchScriptArchitecture;
  if (!is_script && Exists(path / kWeightsFile)) {
    ASSIGN_OR_RETURN(SafetensorsFile file, ReadSafetensors(path / kWeightsFile));
    source.tensors = std::move(file.tensors);
  } else if (!is_script && Exists(path / kIndexFile)) {
    ASSIGN_OR_RETURN(source.tensors, ReadShards(path / kIndexFile));
  } else if (Exists(path / kTorchScriptFile)) {
    ASSIGN_OR_RETURN(source.tensors, ReadScript(path / kTorchScriptFile));
  } else if (Exists(path / kModelOfRun / kConfigFile)) {
    return absl::NotFoundError(
        absl::StrCat("it is the folder of a run; name its model, ", (path / kModelOfRun).string()));
  } else {
    return absl::NotFoundError(absl::StrCat("there is no ", kWeightsFile, ", ", kIndexFile, " or ",
                                            kTorchScriptFile, " in it"));
  }
  return source;
}

TakenOver ChooseTensors(const TensorMap& source, const TensorMap& student) {
  std::multimap<absl::string_view, TensorMap::const_iterator> without_prefix;
  for (auto it = source.begin(); it != source.end(); ++it) {
    const absl::string_view name = it->first;
    without_prefix.emplace(name.substr(PrefixLength(name)), it);
  }
  TakenOver taken;
  for (const auto& [name, tensor] : student) {
    // The same name, else the first that fits without prefixes.
    auto found = source.find(name);
    if (found == source.end() || found->second.shape != tensor.shape) {
      found = source.end();
      const absl::string_view own = absl::string_view(name).substr(PrefixLength(name));
      const auto [begin, end] = without_prefix.equal_range(own);
      for (auto it = begin; it != end && found == source.end(); ++it) {
        if (it->second->second.shape == tensor.shape) found = it->second;
      }
    }
    if (found == source.end()) {
      taken.fresh.push_back(name);
      continue;
    }
    if (found->first != name) taken.prefix = found->first.substr(0, PrefixLength(found->first));
    taken.tensors.emplace(name, found->second);
  }
  return taken;
}

absl::Status InitFrom(const std::filesystem::path& path, bool keep_normalization,
                      TrainableModel& student) {
  ASSIGN_OR_RETURN(const SourceWeights source, ReadSourceWeights(path));
  TensorMap state = StateOf(*student.model);
  TakenOver taken = ChooseTensors(source.tensors, state);
  if (taken.tensors.empty()) {
    std::vector<std::string> theirs;
    for (const auto& [name, tensor] : source.tensors) theirs.push_back(name);
    return absl::InvalidArgumentError(
        absl::StrCat("no tensor has the name and the shape of one of the student's, such as ",
                     state.begin()->first, "; it has ", theirs.empty() ? "none" : SomeOf(theirs)));
  }
  std::string line = absl::StrCat("init_from ", path.string(), ": took over ", taken.tensors.size(),
                                  " of ", state.size(), " tensors");
  if (!taken.prefix.empty()) absl::StrAppend(&line, ", without the prefix '", taken.prefix, "'");
  if (!taken.fresh.empty()) absl::StrAppend(&line, "; fresh are ", SomeOf(taken.fresh));
  absl::StrAppend(&line,
                  AboutNormalization(source.description, keep_normalization, student.description));
  log::Info(line);
  for (auto& [name, tensor] : taken.tensors) state[name] = std::move(tensor);
  return LoadState(state, *student.model);
}

}  // namespace distill
