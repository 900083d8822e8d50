// Arguments reads the JSON arguments of an architecture, and reports the first invalid one.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace distill {

// Each call reads one argument; an invalid one gives a value within range and is remembered. Read
// all arguments, then call Finish(). Never throws. Not thread-safe; `json` must outlive it.
class Arguments {
 public:
  // As a default value, marks an argument as required.
  static constexpr int64_t kRequired = INT64_MIN;

  struct Range {
    int64_t min;
    int64_t max;
  };

  Arguments(absl::string_view architecture, const nlohmann::json& json);

  bool Has(const std::string& name) const { return json_.is_object() && json_.contains(name); }

  int64_t Int(const std::string& name, Range range, int64_t otherwise = kRequired);

  // Reads a probability in [0, 1).
  double Fraction(const std::string& name, double otherwise = 0);

  // Reads a number from min to max, both included.
  double Number(const std::string& name, double min, double max, double otherwise);

  // Reads one of `allowed`; the first is the default.
  std::string OneOf(const std::string& name, absl::Span<const absl::string_view> allowed);

  // Reads a required list; `length` is the allowed number of entries.
  std::vector<int64_t> IntList(const std::string& name, Range length, Range range);

  // Reads a required list of lists of integers; `outer` and `inner` are the allowed lengths of the
  // lists.
  std::vector<std::vector<int64_t>> IntLists(const std::string& name, Range outer, Range inner,
                                             Range range);

  // Returns INVALID_ARGUMENT with the first argument that was invalid or that nothing has read.
  absl::Status Finish() const;

 private:
  // Returns the argument, or null (and records an error unless it may be absent).
  const nlohmann::json* Find(const std::string& name, bool may_be_absent);
  void Wrong(const std::string& name, const nlohmann::json& value, absl::string_view range);
  bool ReadIntList(const nlohmann::json& value, Range length, Range range,
                   std::vector<int64_t>& list) const;

  const std::string architecture_;
  const nlohmann::json& json_;
  std::set<std::string> known_;
  absl::Status first_error_;
};

}  // namespace distill
