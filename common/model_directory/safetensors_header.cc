#include "common/model_directory/safetensors_header.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "common/base/strict_json.h"

namespace distill {
namespace {

using Json = nlohmann::json;

constexpr char kMetadata[] = "__metadata__";
constexpr int kMaxHeaderDepth = 3;  // the header, a tensor, its shape

struct DTypeName {
  DType dtype;
  absl::string_view name;
};
constexpr DTypeName kDTypeNames[] = {
    {DType::kBool, "BOOL"},   {DType::kUint8, "U8"},      {DType::kInt8, "I8"},
    {DType::kInt16, "I16"},   {DType::kInt32, "I32"},     {DType::kInt64, "I64"},
    {DType::kFloat16, "F16"}, {DType::kBFloat16, "BF16"}, {DType::kFloat32, "F32"},
    {DType::kFloat64, "F64"},
};

std::string FormatName(DType dtype) {
  for (const DTypeName& known : kDTypeNames) {
    if (known.dtype == dtype) return std::string(known.name);
  }
  return "unknown";
}

absl::Status Malformed(absl::string_view tensor, absl::string_view what) {
  return absl::DataLossError(absl::StrCat("tensor '", tensor, "': ", what));
}

// Returns the field of a tensor, or an error that names both.
absl::StatusOr<const Json*> Field(const std::string& tensor, const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return Malformed(tensor, absl::StrCat("it has no ", name));
  return &*found;
}

absl::StatusOr<DType> ParseEntryDType(const std::string& tensor, const Json& value) {
  if (!value.is_string()) return Malformed(tensor, "dtype is not a string");
  const auto& name = value.get_ref<const std::string&>();
  for (const DTypeName& known : kDTypeNames) {
    if (known.name == name) return known.dtype;
  }
  const auto append_name = [](std::string* out, const DTypeName& known) {
    absl::StrAppend(out, known.name);
  };
  return Malformed(tensor, absl::StrCat("dtype '", name, "' is none of ",
                                        absl::StrJoin(kDTypeNames, ", ", append_name)));
}

// Whole numbers from 0 to 2^63 - 1.
absl::StatusOr<std::vector<int64_t>> ParseNumbers(const std::string& tensor, const char* field,
                                                  const Json& value) {
  if (!value.is_array()) return Malformed(tensor, absl::StrCat(field, " is not an array"));
  std::vector<int64_t> numbers;
  numbers.reserve(value.size());
  for (const Json& element : value) {
    if (!element.is_number_unsigned() ||
        element.get<uint64_t>() > uint64_t{std::numeric_limits<int64_t>::max()}) {
      return Malformed(tensor, absl::StrCat(field,
                                            " holds something else than whole numbers from "
                                            "0 to 2^63 - 1"));
    }
    numbers.push_back(element.get<int64_t>());
  }
  return numbers;
}

absl::StatusOr<SafetensorsEntry> ParseEntry(const std::string& tensor, const Json& value) {
  if (!value.is_object()) return Malformed(tensor, "its header is not an object");
  ASSIGN_OR_RETURN(const Json* dtype, Field(tensor, value, "dtype"));
  ASSIGN_OR_RETURN(const Json* shape, Field(tensor, value, "shape"));
  ASSIGN_OR_RETURN(const Json* offsets_field, Field(tensor, value, "data_offsets"));

  SafetensorsEntry entry;
  ASSIGN_OR_RETURN(entry.dtype, ParseEntryDType(tensor, *dtype));
  ASSIGN_OR_RETURN(entry.shape, ParseNumbers(tensor, "shape", *shape));
  ASSIGN_OR_RETURN(const std::vector<int64_t> offsets,
                   ParseNumbers(tensor, "data_offsets", *offsets_field));
  if (offsets.size() != 2 || offsets[0] > offsets[1]) {
    return Malformed(tensor, "data_offsets are not two numbers, the begin and the end");
  }
  entry.begin = static_cast<size_t>(offsets[0]);
  entry.end = static_cast<size_t>(offsets[1]);

  const absl::StatusOr<size_t> size = ByteSize(entry.dtype, entry.shape);
  if (!size.ok()) return Malformed(tensor, size.status().message());
  if (*size != entry.end - entry.begin) {
    return Malformed(tensor,
                     absl::StrCat(Name(entry.dtype), ToString(entry.shape), " takes ", *size,
                                  " bytes, and data_offsets span ", entry.end - entry.begin));
  }
  return entry;
}

absl::Status CheckTiling(const std::map<std::string, SafetensorsEntry>& entries,
                         size_t data_bytes) {
  using Named = std::pair<const std::string, SafetensorsEntry>;
  std::vector<const Named*> in_order;
  in_order.reserve(entries.size());
  for (const Named& named : entries) in_order.push_back(&named);
  std::sort(in_order.begin(), in_order.end(), [](const Named* a, const Named* b) {
    return std::tie(a->second.begin, a->second.end) < std::tie(b->second.begin, b->second.end);
  });
  size_t covered = 0;
  for (const Named* named : in_order) {
    const auto& [name, entry] = *named;
    if (entry.end > data_bytes) {
      return Malformed(name, absl::StrCat("it ends at byte ", entry.end, " of the data, which has ",
                                          data_bytes, ", as if truncated"));
    }
    if (entry.begin != covered) {
      return Malformed(
          name, absl::StrCat("it begins at byte ", entry.begin, " of the data instead of ", covered,
                             ", which is ", entry.begin < covered ? "an overlap" : "a hole"));
    }
    covered = entry.end;
  }
  if (covered != data_bytes) {
    return absl::DataLossError(absl::StrCat("the tensors: they end at byte ", covered,
                                            " of the data, which has ", data_bytes));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SafetensorsHeader> ParseSafetensorsHeader(absl::string_view json,
                                                         size_t data_bytes) {
  // The format's rule; the JSON parser alone would skip white space and a byte order mark.
  if (json.empty() || json.front() != '{') {
    return absl::DataLossError("the header: it does not begin with '{'");
  }
  const absl::StatusOr<Json> root = ParseStrictJson(json, kMaxHeaderDepth);
  if (!root.ok()) {
    return absl::DataLossError(absl::StrCat("the header: ", root.status().message()));
  }
  SafetensorsHeader header;
  for (const auto& [name, value] : root->items()) {
    if (name != kMetadata) {
      ASSIGN_OR_RETURN(header.entries[name], ParseEntry(name, value));
      continue;
    }
    if (!value.is_object()) return absl::DataLossError("__metadata__: it is not an object");
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) {
        return absl::DataLossError(absl::StrCat("__metadata__: '", key, "' is not a string"));
      }
      header.metadata[key] = text.get<std::string>();
    }
  }
  RETURN_IF_ERROR(CheckTiling(header.entries, data_bytes));
  return header;
}

absl::StatusOr<std::string> FormatSafetensorsHeader(const SafetensorsHeader& header) {
  Json root = Json::object();
  if (!header.metadata.empty()) root[kMetadata] = header.metadata;
  for (const auto& [name, entry] : header.entries) {
    if (name == kMetadata) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor '", kMetadata, "': the name is reserved; choose another"));
    }
    root[name] = {{"dtype", FormatName(entry.dtype)},
                  {"shape", entry.shape},
                  {"data_offsets", {entry.begin, entry.end}}};
  }
  try {
    return root.dump();
  } catch (const Json::exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("names of tensors and metadata: they are not UTF-8: ", error.what()));
  }
}

}  // namespace distill
