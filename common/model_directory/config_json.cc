#include "common/model_directory/config_json.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "common/base/json_text.h"
#include "common/base/status_macros.h"
#include "common/base/strict_json.h"

namespace distill {
namespace {

using Json = nlohmann::json;

constexpr char kFormat[] = "distill/1";
constexpr int kMaxConfigDepth = 64;
constexpr size_t kMaxOutputs = 64;
constexpr absl::string_view kFields[] = {"format",      "architecture", "arguments", "inputs",
                                         "scale",       "mean",         "std",       "pad_id",
                                         "class_names", "output",       "outputs",   "training"};
constexpr absl::string_view kInputFields[] = {"name", "dtype", "shape"};
constexpr absl::string_view kOutputFields[] = {"name", "kind"};

// "field 'scale' is 0; must be …".
absl::Status MustBe(absl::string_view field, const Json& value, absl::string_view range) {
  constexpr size_t kShown = 60;
  std::string text = JsonText(value);
  if (text.size() > kShown) text = absl::StrCat(absl::string_view(text).substr(0, kShown), "…");
  return InvalidValue(absl::StrCat("field '", field, "'"), text, range);
}

// "field 'mean': it has 3 numbers, …".
absl::Status Invalid(absl::string_view field, absl::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat("field '", field, "': ", reason));
}

absl::Status RefuseUnknownFields(const Json& object, absl::Span<const absl::string_view> known,
                                 absl::string_view where) {
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      return Invalid(absl::StrCat(where, key),
                     absl::StrCat("it is unknown; known are ", absl::StrJoin(known, ", ")));
    }
  }
  return absl::OkStatus();
}

// Returns the value of the field, or null if the object does not have it.
const Json& FieldOrNull(const Json& object, absl::string_view name) {
  static const Json* const null = new Json;
  const auto found = object.find(name);
  return found == object.end() ? *null : *found;
}

absl::StatusOr<std::string> ParseName(absl::string_view field, const Json& value) {
  if (!value.is_string() || value.get_ref<const std::string&>().empty()) {
    return MustBe(field, value, "a string that is not empty");
  }
  return value.get<std::string>();
}

// A missing value is an empty object.
absl::StatusOr<Json> ParseObject(absl::string_view field, const Json& value) {
  if (value.is_null()) return Json::object();
  if (!value.is_object()) return MustBe(field, value, "an object");
  return value;
}

// A missing value is an empty list.
absl::StatusOr<std::vector<double>> ParseReals(absl::string_view field, const Json& value) {
  std::vector<double> numbers;
  if (value.is_null()) return numbers;
  if (!value.is_array()) return MustBe(field, value, "a list of numbers");
  for (const Json& element : value) {
    if (!element.is_number()) return MustBe(field, value, "a list of numbers");
    numbers.push_back(element.get<double>());
  }
  return numbers;
}

// Returns whether the value is an integer that fits int64.
bool IsInt64(const Json& value) {
  if (value.is_number_unsigned()) {
    return value.get<uint64_t>() <= uint64_t{std::numeric_limits<int64_t>::max()};
  }
  return value.is_number_integer();
}

absl::StatusOr<Shape> ParseInputShape(absl::string_view field, const Json& value) {
  const absl::string_view rule = "a list of dimensions, each positive, or -1 where it varies";
  if (!value.is_array()) return MustBe(field, value, rule);
  Shape shape;
  Shape fixed;
  for (const Json& element : value) {
    if (!IsInt64(element)) return MustBe(field, value, rule);
    const auto dimension = element.get<int64_t>();
    if (dimension != -1 && dimension < 1) return MustBe(field, value, rule);
    shape.push_back(dimension);
    if (dimension != -1) fixed.push_back(dimension);
  }
  // With the widest type, so that no check of a sample's bytes can overflow.
  RETURN_IF_ERROR(ByteSize(DType::kFloat64, fixed).status(), "field '", field, "' is too large");
  return shape;
}

absl::StatusOr<InputSpec> ParseInput(const std::string& where, const Json& value) {
  if (!value.is_object()) {
    return MustBe(where, value, "an object with name, dtype and shape");
  }
  RETURN_IF_ERROR(RefuseUnknownFields(value, kInputFields, absl::StrCat(where, ".")));
  InputSpec spec;
  ASSIGN_OR_RETURN(spec.name, ParseName(absl::StrCat(where, ".name"), FieldOrNull(value, "name")));
  ASSIGN_OR_RETURN(const std::string dtype,
                   ParseName(absl::StrCat(where, ".dtype"), FieldOrNull(value, "dtype")));
  ASSIGN_OR_RETURN(spec.dtype, ParseDType(dtype), "field '", where, ".dtype'");
  ASSIGN_OR_RETURN(spec.shape,
                   ParseInputShape(absl::StrCat(where, ".shape"), FieldOrNull(value, "shape")));
  return spec;
}

absl::StatusOr<std::vector<InputSpec>> ParseInputs(const Json& value) {
  if (!value.is_array() || value.empty()) {
    return MustBe("inputs", value, "a list of at least one input");
  }
  std::vector<InputSpec> inputs;
  std::set<std::string> names;
  for (const Json& element : value) {
    ASSIGN_OR_RETURN(InputSpec spec,
                     ParseInput(absl::StrCat("inputs[", inputs.size(), "]"), element));
    if (!names.insert(spec.name).second) {
      return Invalid("inputs", absl::StrCat("it has the name '", spec.name, "' twice"));
    }
    inputs.push_back(std::move(spec));
  }
  return inputs;
}

absl::StatusOr<std::vector<std::string>> ParseClassNames(const Json& value) {
  std::vector<std::string> names;
  if (value.is_null()) return names;
  if (!value.is_array()) return MustBe("class_names", value, "a list of strings");
  std::set<std::string> seen;
  for (const Json& element : value) {
    ASSIGN_OR_RETURN(std::string name,
                     ParseName(absl::StrCat("class_names[", names.size(), "]"), element));
    if (!seen.insert(name).second) {
      return Invalid("class_names", absl::StrCat("it has the name '", name, "' twice"));
    }
    names.push_back(std::move(name));
  }
  return names;
}

bool IsPositiveAndFinite(double number) { return std::isfinite(number) && number > 0; }

// Every input that is normalised has one mean and one std, or one of each per channel.
absl::Status CheckChannels(const ModelDescription& description) {
  const size_t channels = description.normalization.mean.size();
  if (description.normalization.std.size() != channels) {
    return Invalid("std", absl::StrCat("it has ", description.normalization.std.size(),
                                       " numbers, and 'mean' has ", channels));
  }
  if (channels == 0) return absl::OkStatus();
  bool used = false;
  for (const InputSpec& input : description.inputs) {
    if (!IsNormalized(input)) continue;
    used = true;
    if (channels == 1) continue;
    if (input.shape.empty() || input.shape[0] != static_cast<int64_t>(channels)) {
      return Invalid("mean",
                     absl::StrCat("it has ", channels, " numbers, which are not the channels of ",
                                  ToString(input)));
    }
  }
  if (!used) {
    return Invalid("mean", "it is given, and no input is uint8, int8 or of floating point");
  }
  return absl::OkStatus();
}

absl::StatusOr<Normalization> ParseNormalization(const Json& root) {
  Normalization normalization;
  if (const Json& scale = FieldOrNull(root, "scale"); !scale.is_null()) {
    if (!scale.is_number() || !IsPositiveAndFinite(scale.get<double>())) {
      return MustBe("scale", scale, "a finite number above 0");
    }
    normalization.scale = scale.get<double>();
  }
  ASSIGN_OR_RETURN(normalization.mean, ParseReals("mean", FieldOrNull(root, "mean")));
  ASSIGN_OR_RETURN(normalization.std, ParseReals("std", FieldOrNull(root, "std")));
  for (const double mean : normalization.mean) {
    if (!std::isfinite(mean)) return MustBe("mean", root["mean"], "a list of finite numbers");
  }
  for (const double std : normalization.std) {
    if (!IsPositiveAndFinite(std)) {
      return MustBe("std", root["std"], "a list of finite numbers above 0");
    }
  }
  return normalization;
}

absl::StatusOr<std::optional<int64_t>> ParsePadId(const Json& value,
                                                  absl::Span<const InputSpec> inputs) {
  if (!value.is_null()) {
    if (!IsInt64(value)) return MustBe("pad_id", value, "a whole number");
    return value.get<int64_t>();
  }
  for (const InputSpec& input : inputs) {
    if (std::count(input.shape.begin(), input.shape.end(), -1) > 0) {
      return Invalid(
          "pad_id", absl::StrCat("it is missing, and ", ToString(input), " has a variable length"));
    }
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<OutputForm>> ParseOutput(const Json& value,
                                                      absl::string_view architecture) {
  if (value.is_null()) return std::nullopt;
  if (!value.is_string() || !OutputFormFromName(value.get<std::string>()).has_value()) {
    return MustBe("output", value, "logits, probabilities, log_probabilities or sigmoid");
  }
  const OutputForm form = *OutputFormFromName(value.get<std::string>());
  if (architecture != kTorchScriptArchitecture && form != OutputForm::kLogits) {
    return MustBe("output", value, absl::StrCat("logits, as ", architecture, " gives"));
  }
  return form;
}

absl::StatusOr<NamedOutput> ParseNamedOutput(const std::string& field, const Json& value) {
  if (!value.is_object()) return MustBe(field, value, R"({"name": …, "kind": …})");
  RETURN_IF_ERROR(RefuseUnknownFields(value, kOutputFields, absl::StrCat(field, ".")));
  NamedOutput output;
  ASSIGN_OR_RETURN(output.name,
                   ParseName(absl::StrCat(field, ".name"), FieldOrNull(value, "name")));
  const Json& kind = FieldOrNull(value, "kind");
  if (!kind.is_string() || !OutputKindFromName(kind.get<std::string>()).has_value()) {
    return MustBe(absl::StrCat(field, ".kind"), kind, "logits, features or hidden");
  }
  output.kind = *OutputKindFromName(kind.get<std::string>());
  if ((output.name == kLogitsOutput) != (output.kind == OutputKind::kLogits)) {
    return Invalid(field,
                   "logits are the output of the name and the kind `logits`, and there is "
                   "one such output at most");
  }
  return output;
}

absl::StatusOr<std::vector<NamedOutput>> ParseNamedOutputs(const Json& value,
                                                           absl::string_view architecture) {
  std::vector<NamedOutput> outputs;
  if (value.is_null()) return outputs;
  if (architecture != kTorchScriptArchitecture) {
    return Invalid("outputs", absl::StrCat("those of ", architecture, " are known; leave it out"));
  }
  if (!value.is_array() || value.empty() || value.size() > kMaxOutputs) {
    return MustBe("outputs", value, absl::StrCat("a list of 1 to ", kMaxOutputs));
  }
  for (const Json& each : value) {
    const std::string field = absl::StrCat("outputs[", outputs.size(), "]");
    ASSIGN_OR_RETURN(NamedOutput output, ParseNamedOutput(field, each));
    for (const NamedOutput& other : outputs) {
      if (other.name == output.name) {
        return Invalid(field, absl::StrCat("the name '", output.name, "' repeats"));
      }
    }
    outputs.push_back(std::move(output));
  }
  return outputs;
}

absl::Status CheckFormat(const Json& root) {
  const Json& format = FieldOrNull(root, "format");
  if (format.is_null() && root.contains("model_type")) {
    return absl::InvalidArgumentError(
        "not supported yet: it is a Hugging Face config (it has 'model_type' and no 'format')");
  }
  if (format != kFormat) return MustBe("format", format, absl::StrCat("\"", kFormat, "\""));
  return absl::OkStatus();
}

}  // namespace

bool IsNormalized(const InputSpec& input) {
  return input.dtype == DType::kUint8 || input.dtype == DType::kInt8 ||
         IsFloatingPoint(input.dtype);
}

std::string OddNormalization(const ModelDescription& description) {
  const Normalization& n = description.normalization;
  const bool has_pixels =
      std::any_of(description.inputs.begin(), description.inputs.end(),
                  [](const InputSpec& input) { return input.dtype == DType::kUint8; });
  if (!has_pixels || n.mean.empty()) return "";
  const double mean = *std::max_element(n.mean.begin(), n.mean.end());
  const double std = *std::max_element(n.std.begin(), n.std.end());
  if (n.scale == 1 && mean <= 1 && std <= 1) {
    return "the pixels are 0 to 255, and mean and std look like those of values from 0 to 1; set "
           "scale to 255";
  }
  if (n.scale == 255 && mean > 2) {
    return "scale is 255, and mean and std look like those of values from 0 to 255; set scale to 1";
  }
  return "";
}

absl::StatusOr<ModelDescription> ParseModelDescription(const std::string& json_text) {
  ASSIGN_OR_RETURN(const Json root, ParseStrictJson(json_text, kMaxConfigDepth));
  if (!root.is_object()) return absl::InvalidArgumentError("the JSON: it is not an object");
  RETURN_IF_ERROR(CheckFormat(root));
  RETURN_IF_ERROR(RefuseUnknownFields(root, kFields, ""));

  ModelDescription description;
  ASSIGN_OR_RETURN(description.architecture,
                   ParseName("architecture", FieldOrNull(root, "architecture")));
  ASSIGN_OR_RETURN(description.arguments, ParseObject("arguments", FieldOrNull(root, "arguments")));
  ASSIGN_OR_RETURN(description.inputs, ParseInputs(FieldOrNull(root, "inputs")));
  ASSIGN_OR_RETURN(description.normalization, ParseNormalization(root));
  RETURN_IF_ERROR(CheckChannels(description));
  ASSIGN_OR_RETURN(description.pad_id, ParsePadId(FieldOrNull(root, "pad_id"), description.inputs));
  ASSIGN_OR_RETURN(description.class_names, ParseClassNames(FieldOrNull(root, "class_names")));
  ASSIGN_OR_RETURN(description.output,
                   ParseOutput(FieldOrNull(root, "output"), description.architecture));
  ASSIGN_OR_RETURN(description.outputs,
                   ParseNamedOutputs(FieldOrNull(root, "outputs"), description.architecture));
  ASSIGN_OR_RETURN(description.training, ParseObject("training", FieldOrNull(root, "training")));
  return description;
}

std::string ToJson(const ModelDescription& description) {
  nlohmann::ordered_json root;
  root["format"] = kFormat;
  root["architecture"] = description.architecture;
  root["arguments"] = description.arguments;
  root["inputs"] = nlohmann::ordered_json::array();
  for (const InputSpec& input : description.inputs) {
    nlohmann::ordered_json json;
    json["name"] = input.name;
    json["dtype"] = Name(input.dtype);
    json["shape"] = input.shape;
    root["inputs"].push_back(std::move(json));
  }
  root["scale"] = description.normalization.scale;
  root["mean"] = description.normalization.mean;
  root["std"] = description.normalization.std;
  if (description.pad_id.has_value()) root["pad_id"] = *description.pad_id;
  root["class_names"] = description.class_names;
  if (description.output.has_value()) root["output"] = Name(*description.output);
  if (!description.outputs.empty()) {
    root["outputs"] = nlohmann::ordered_json::array();
    for (const NamedOutput& output : description.outputs) {
      root["outputs"].push_back(
          nlohmann::ordered_json{{"name", output.name}, {"kind", Name(output.kind)}});
    }
  }
  root["training"] = description.training;
  return JsonText(root, 2) + "\n";
}

}  // namespace distill
