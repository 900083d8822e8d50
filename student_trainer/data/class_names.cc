#include "student_trainer/data/class_names.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "common/base/byte_order_mark.h"
#include "common/base/count.h"
#include "common/base/files.h"
#include "common/base/shown_bytes.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

// config.json holds the names, and JSON must be UTF-8.
bool IsUtf8(const std::string& text) {
  try {
    nlohmann::json(text).dump();
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

std::string Quoted(const std::string& name) {
  return absl::StrCat("\"", name, "\"", ShownBytes(name));
}

// "`train` has "cat", "dog" and 3 more that `test` lacks"; empty where none is lacking.
std::string OnlyIn(absl::string_view a, const std::set<std::string>& a_names, absl::string_view b,
                   const std::set<std::string>& b_names) {
  constexpr size_t kMostNamed = 5;
  std::vector<std::string> only;
  std::set_difference(a_names.begin(), a_names.end(), b_names.begin(), b_names.end(),
                      std::back_inserter(only));
  if (only.empty()) return "";
  const size_t named = std::min(only.size(), kMostNamed);
  std::string names = absl::StrJoin(
      only.begin(), only.begin() + static_cast<std::ptrdiff_t>(named), ", ",
      [](std::string* out, const std::string& name) { absl::StrAppend(out, Quoted(name)); });
  if (named < only.size()) absl::StrAppend(&names, " and ", only.size() - named, " more");
  return absl::StrCat(a, " has ", names, " that ", b, " lacks");
}

// Ends of lines are \n, \r\n or \r.
std::vector<absl::string_view> LinesOf(absl::string_view text) {
  std::vector<absl::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of("\r\n"), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
    if (!absl::ConsumePrefix(&text, "\r\n") && !text.empty()) text.remove_prefix(1);
  }
  return lines;
}

// Without the spaces around it, the no-break space included.
absl::string_view Stripped(absl::string_view line) {
  constexpr absl::string_view kNoBreakSpace = "\xc2\xa0";
  for (size_t before = 0; before != line.size();) {
    before = line.size();
    line = absl::StripAsciiWhitespace(line);
    absl::ConsumePrefix(&line, kNoBreakSpace);
    absl::ConsumeSuffix(&line, kNoBreakSpace);
  }
  return line;
}

// Returns whether a text begins with the mark of UTF-16, or holds zeros, as it does without the
// mark.
bool LooksLikeUtf16(absl::string_view text) {
  return absl::StartsWith(text, "\xff\xfe") || absl::StartsWith(text, "\xfe\xff") ||
         absl::StrContains(text, '\0');
}

// `to_utf8`: what to do about a name that is not UTF-8.
absl::Status CheckNames(absl::Span<const std::string> names, absl::string_view where,
                        absl::string_view to_utf8) {
  std::set<absl::string_view> seen;
  for (size_t i = 0; i < names.size(); ++i) {
    std::string problem;
    absl::string_view fix = "write one name per class, none twice";
    if (names[i].empty()) {
      problem = "is empty";
    } else if (!IsUtf8(names[i])) {
      problem = "is not UTF-8";
      fix = to_utf8;
    } else if (!seen.insert(names[i]).second) {
      problem = absl::StrCat("repeats \"", names[i], "\"");
    }
    if (!problem.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(where, ": class name ", i + 1, " of ",
                                                     names.size(), " ", problem, "; ", fix));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckClassNames(absl::Span<const std::string> names, absl::string_view where) {
  return CheckNames(names, where, "write it in UTF-8");
}

absl::StatusOr<std::vector<std::string>> ReadClassNames(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string contents, ReadFile(path));
  if (LooksLikeUtf16(contents)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": it looks like UTF-16; save the file as UTF-8"));
  }
  std::vector<std::string> names;
  for (const absl::string_view line : LinesOf(WithoutByteOrderMark(contents))) {
    names.emplace_back(Stripped(line));
  }
  while (!names.empty() && names.back().empty()) names.pop_back();
  if (names.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": it holds no class names; write one per line"));
  }
  RETURN_IF_ERROR(CheckNames(names, path, "save the file as UTF-8"));
  return names;
}

absl::StatusOr<std::vector<std::string>> ClassNamesIn(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "class_names.txt";
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return std::vector<std::string>();
  return ReadClassNames(file.string());
}

std::string DescribeClassDifference(absl::string_view a, const std::vector<std::string>& a_names,
                                    absl::string_view b, const std::vector<std::string>& b_names) {
  if (a_names == b_names) return "";
  const std::set<std::string> a_set(a_names.begin(), a_names.end());
  const std::set<std::string> b_set(b_names.begin(), b_names.end());
  std::vector<std::string> parts = {OnlyIn(a, a_set, b, b_set), OnlyIn(b, b_set, a, a_set)};
  parts.erase(std::remove(parts.begin(), parts.end(), ""), parts.end());
  if (!parts.empty()) return absl::StrJoin(parts, ", and ");
  if (a_names.size() != b_names.size()) {
    return absl::StrCat(a, " names ", Count(static_cast<int64_t>(a_names.size()), "class"), ", ", b,
                        " ", b_names.size());
  }
  const auto [in_a, in_b] = std::mismatch(a_names.begin(), a_names.end(), b_names.begin());
  return absl::StrCat(a, " and ", b, " have the same classes in another order: class ",
                      in_a - a_names.begin(), " is ", Quoted(*in_a), " in ", a, ", ", Quoted(*in_b),
                      " in ", b);
}

}  // namespace distill
