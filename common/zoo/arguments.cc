#include "common/zoo/arguments.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/json_text.h"
#include "common/base/known_names.h"
#include "common/base/status.h"

namespace distill {
namespace {

std::string Text(const nlohmann::json& value) { return JsonText(value); }

std::optional<int64_t> ReadInt(const nlohmann::json& value, Arguments::Range range) {
  if (!value.is_number_integer()) return std::nullopt;
  // Unsigned numbers above int64 would wrap into the range.
  if (value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) {
    return std::nullopt;
  }
  const int64_t number = value.get<int64_t>();
  if (number < range.min || number > range.max) return std::nullopt;
  return number;
}

std::string Text(Arguments::Range range) {
  return absl::StrCat("an integer from ", range.min, " to ", range.max);
}

}  // namespace

Arguments::Arguments(absl::string_view architecture, const nlohmann::json& json)
    : architecture_(architecture), json_(json) {
  if (!json_.is_object()) {
    first_error_ =
        InvalidValue(absl::StrCat("arguments of ", architecture_), Text(json_), "an object");
  }
}

const nlohmann::json* Arguments::Find(const std::string& name, bool may_be_absent) {
  known_.insert(name);
  if (Has(name)) return &json_[name];
  if (!may_be_absent && first_error_.ok()) {
    first_error_ = absl::InvalidArgumentError(
        absl::StrCat("arguments of ", architecture_, ": '", name, "' is missing"));
  }
  return nullptr;
}

void Arguments::Wrong(const std::string& name, const nlohmann::json& value,
                      absl::string_view range) {
  if (!first_error_.ok()) return;
  first_error_ = InvalidValue(absl::StrCat("arguments of ", architecture_, ": '", name, "'"),
                              Text(value), range);
}

int64_t Arguments::Int(const std::string& name, Range range, int64_t otherwise) {
  const nlohmann::json* value = Find(name, otherwise != kRequired);
  if (value == nullptr) return otherwise == kRequired ? range.min : otherwise;
  const std::optional<int64_t> number = ReadInt(*value, range);
  if (!number) Wrong(name, *value, Text(range));
  return number.value_or(range.min);
}

double Arguments::Fraction(const std::string& name, double otherwise) {
  const nlohmann::json* value = Find(name, true);
  if (value == nullptr) return otherwise;
  if (value->is_number()) {
    const double number = value->get<double>();
    if (number >= 0 && number < 1) return number;
  }
  Wrong(name, *value, "a number in [0, 1)");
  return otherwise;
}

double Arguments::Number(const std::string& name, double min, double max, double otherwise) {
  const nlohmann::json* value = Find(name, true);
  if (value == nullptr) return otherwise;
  if (value->is_number()) {
    const double number = value->get<double>();
    if (number >= min && number <= max) return number;
  }
  Wrong(name, *value, absl::StrCat("a number from ", min, " to ", max));
  return otherwise;
}

std::string Arguments::OneOf(const std::string& name, absl::Span<const absl::string_view> allowed) {
  const nlohmann::json* value = Find(name, true);
  if (value == nullptr) return std::string(allowed.front());
  if (value->is_string()) {
    for (absl::string_view candidate : allowed) {
      if (value->get_ref<const std::string&>() == candidate) return std::string(candidate);
    }
  }
  Wrong(name, *value, AnyOf(std::vector<std::string>(allowed.begin(), allowed.end())));
  return std::string(allowed.front());
}

bool Arguments::ReadIntList(const nlohmann::json& value, Range length, Range range,
                            std::vector<int64_t>& list) const {
  const int64_t size = value.is_array() ? static_cast<int64_t>(value.size()) : -1;
  if (size < length.min || size > length.max) return false;
  for (const nlohmann::json& entry : value) {
    const std::optional<int64_t> number = ReadInt(entry, range);
    if (!number) return false;
    list.push_back(*number);
  }
  return true;
}

std::vector<int64_t> Arguments::IntList(const std::string& name, Range length, Range range) {
  const nlohmann::json* value = Find(name, false);
  if (value == nullptr) return {};
  std::vector<int64_t> list;
  if (ReadIntList(*value, length, range, list)) return list;
  Wrong(name, *value,
        absl::StrCat("a list of ", length.min, " to ", length.max, " entries, each ", Text(range)));
  return {};
}

std::vector<std::vector<int64_t>> Arguments::IntLists(const std::string& name, Range outer,
                                                      Range inner, Range range) {
  const nlohmann::json* value = Find(name, false);
  if (value == nullptr) return {};
  std::vector<std::vector<int64_t>> lists;
  const int64_t size = value->is_array() ? static_cast<int64_t>(value->size()) : -1;
  bool right = size >= outer.min && size <= outer.max;
  for (int64_t i = 0; right && i < size; ++i) {
    right = ReadIntList((*value)[i], inner, range, lists.emplace_back());
  }
  if (right) return lists;
  Wrong(name, *value,
        absl::StrCat("a list of ", outer.min, " to ", outer.max, " lists of ", inner.min, " to ",
                     inner.max, " entries, each ", Text(range)));
  return {};
}

absl::Status Arguments::Finish() const {
  if (!first_error_.ok()) return first_error_;
  for (const auto& [name, value] : json_.items()) {
    if (!known_.contains(name)) {
      return absl::InvalidArgumentError(absl::StrCat("arguments of ", architecture_, ": '", name,
                                                     "' is not known; known are ",
                                                     absl::StrJoin(known_, ", ")));
    }
  }
  return absl::OkStatus();
}

}  // namespace distill
