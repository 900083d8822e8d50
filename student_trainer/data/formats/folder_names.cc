#include "student_trainer/data/formats/folder_names.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace distill {
namespace {

constexpr std::array<absl::string_view, 5> kEndings = {".jpg", ".jpeg", ".jpe", ".jfif", ".png"};

// In lower case. macOS's archives and shares; Synology's and QNAP's indexes and bins; Windows';
// fsck's; Python's.
constexpr std::array<absl::string_view, 16> kLeftovers = {"__macosx",
                                                          "network trash folder",
                                                          "temporary items",
                                                          "@eadir",
                                                          "@tmp",
                                                          "#recycle",
                                                          "#snapshot",
                                                          "@recycle",
                                                          "@recently-snapshot",
                                                          "$recycle.bin",
                                                          "recycler",
                                                          "system volume information",
                                                          "thumbs.db",
                                                          "desktop.ini",
                                                          "lost+found",
                                                          "__pycache__"};

constexpr std::array<absl::string_view, 16> kSplitWords = {
    "train",      "training", "trn",  "test",       "testing", "tst",     "val",     "valid",
    "validation", "dev",      "eval", "evaluation", "holdout", "heldout", "predict", "pred"};

bool IsSeparator(char letter) {
  return letter == '_' || letter == '-' || letter == '.' || letter == ' ';
}

// What is left of a name without its split word, if it begins or ends with one: {"seg_", ""} of
// "seg_train". Two such names belong together if the same is left of them.
bool WithoutSplitWord(absl::string_view name, std::pair<std::string, std::string>* rest) {
  const std::string lower = absl::AsciiStrToLower(name);
  for (const absl::string_view word : kSplitWords) {
    if (lower == word) {
      *rest = {};
      return true;
    }
    if (lower.size() <= word.size()) continue;
    const size_t before = lower.size() - word.size();
    if (absl::EndsWith(lower, word) && IsSeparator(lower[before - 1])) {
      *rest = {lower.substr(0, before), ""};
      return true;
    }
    if (absl::StartsWith(lower, word) && IsSeparator(lower[word.size()])) {
      *rest = {"", lower.substr(word.size())};
      return true;
    }
  }
  return false;
}

}  // namespace

std::string EndingOf(absl::string_view name) {
  const size_t dot = name.rfind('.');
  if (dot == absl::string_view::npos || dot == 0) return "no ending";
  return absl::AsciiStrToLower(name.substr(dot));
}

bool HasImageEnding(absl::string_view name) {
  const std::string ending = EndingOf(name);
  return std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

bool IsLeftover(absl::string_view name) {
  if (absl::StartsWith(name, ".")) return true;
  const std::string lower = absl::AsciiStrToLower(name);
  return std::find(kLeftovers.begin(), kLeftovers.end(), lower) != kLeftovers.end();
}

std::vector<std::string> SplitsAmong(absl::Span<const std::string> names) {
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> by_rest;
  for (const std::string& name : names) {
    std::pair<std::string, std::string> rest;
    if (WithoutSplitWord(name, &rest)) by_rest[rest].push_back(name);
  }
  for (auto& [rest, splits] : by_rest) {
    if (splits.size() >= 2) return std::move(splits);
  }
  return {};
}

}  // namespace distill
