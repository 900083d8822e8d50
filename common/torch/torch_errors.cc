#include "common/torch/torch_errors.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/log.h"

namespace distill {
namespace {

constexpr size_t kLongestReason = 400;

// Returns what follows the stack in an error of the interpreter, in one line. The stack's last part
// is a mark below some source, and lines of that source, which are indented.
std::string AfterStack(absl::string_view text) {
  std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  size_t begin = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (absl::EndsWith(lines[i], "<--- HERE")) begin = i + 1;
  }
  while (begin < lines.size() && (lines[begin].empty() || absl::ascii_isspace(lines[begin][0]))) {
    ++begin;
  }
  std::vector<absl::string_view> reason;
  for (size_t i = begin; i < lines.size(); ++i) {
    const absl::string_view line = absl::StripAsciiWhitespace(lines[i]);
    if (!line.empty()) reason.push_back(line);
  }
  return absl::StrJoin(reason, " ");
}

}  // namespace

std::string TorchReason(absl::string_view text) {
  if (absl::StrContains(absl::StripTrailingAsciiWhitespace(text), '\n')) log::Detail(text);
  std::string reason(text);
  if (absl::StartsWith(text, "The following operation failed in the TorchScript interpreter")) {
    reason = AfterStack(text);
    if (reason.size() > kLongestReason) {
      reason.resize(kLongestReason);
      reason += "…";
    }
  }
  return std::string(OneLineReason(reason));
}

}  // namespace distill
