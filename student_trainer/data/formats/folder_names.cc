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

// Words of which the parts of a data set have the same, each with its own number.
constexpr std::array<absl::string_view, 5> kPartWords = {"fold", "split", "shard", "subset",
                                                         "partition"};

// In lower case: folders of images, and of what other tasks than classification learn about them.
constexpr std::array<absl::string_view, 5> kImageFolders = {"images", "image", "imgs", "img",
                                                            "jpegimages"};
constexpr std::array<absl::string_view, 14> kAnnotationFolders = {
    "masks",        "mask",
    "labels",       "label",
    "annots",       "annotations",
    "annotation",   "segmentations",
    "gt",           "segmentation",
    "ground_truth", "groundtruth",
    "trimaps",      "segmentationclass"};

bool IsSeparator(char letter) {
  return letter == '_' || letter == '-' || letter == '.' || letter == ' ';
}

template <size_t size>
bool Contains(const std::array<absl::string_view, size>& names, absl::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// What is left of a name without the word that it begins or ends with, and without the number
// behind that: {"seg_", ""} of "seg_train2017". Names that the same is left of belong together.
using Rest = std::pair<std::string, std::string>;

struct NamedPart {
  std::string name;
  absl::string_view word;
};

// Removes the number at the beginning, if there is one, and a separator before it.
absl::string_view WithoutNumberInFront(absl::string_view text) {
  const size_t begin = !text.empty() && IsSeparator(text.front()) ? 1 : 0;
  size_t end = begin;
  while (end < text.size() && absl::ascii_isdigit(text[end])) ++end;
  return end == begin ? text : text.substr(end);
}

// Removes the number at the end, if there is one, and a separator before it.
absl::string_view WithoutNumberBehind(absl::string_view text) {
  size_t end = text.size();
  while (end > 0 && absl::ascii_isdigit(text[end - 1])) --end;
  if (end < text.size() && end > 0 && IsSeparator(text[end - 1])) --end;
  return text.substr(0, end);
}

// Returns whether `lower` begins or ends with the word, and behind one of kPartWords a number.
bool WithoutWord(absl::string_view lower, absl::string_view word, Rest* rest) {
  const bool needs_number = Contains(kPartWords, word);
  if (absl::StartsWith(lower, word)) {
    const absl::string_view behind = lower.substr(word.size());
    const absl::string_view left = WithoutNumberInFront(behind);
    *rest = {"", std::string(left)};
    if ((left.empty() || IsSeparator(left.front())) && (!needs_number || left != behind)) {
      return true;
    }
  }
  const absl::string_view unnumbered = WithoutNumberBehind(lower);
  if (unnumbered.size() <= word.size() || !absl::EndsWith(unnumbered, word)) return false;
  const absl::string_view before = unnumbered.substr(0, unnumbered.size() - word.size());
  *rest = {std::string(before), ""};
  return IsSeparator(before.back()) && (!needs_number || unnumbered != lower);
}

// Files the name under its rest, if it has one of the words.
void AddPart(const std::string& name, absl::Span<const absl::string_view> words,
             std::map<Rest, std::vector<NamedPart>>& parts) {
  const std::string lower = absl::AsciiStrToLower(name);
  for (const absl::string_view word : words) {
    Rest rest;
    if (!WithoutWord(lower, word, &rest)) continue;
    parts[rest].push_back({name, word});
    return;
  }
}

// Returns whether the parts differ in their words, as train and test do, or in the numbers of
// folds.
bool AreSplits(const std::vector<NamedPart>& parts) {
  return parts.size() >= 2 && (Contains(kPartWords, parts[0].word) ||
                               std::any_of(parts.begin(), parts.end(), [&](const NamedPart& part) {
                                 return part.word != parts[0].word;
                               }));
}

}  // namespace

std::string EndingOf(absl::string_view name) {
  const size_t dot = name.rfind('.');
  if (dot == absl::string_view::npos || dot == 0) return "";
  return absl::AsciiStrToLower(name.substr(dot));
}

bool HasImageEnding(absl::string_view name) { return Contains(kEndings, EndingOf(name)); }

bool IsLeftover(absl::string_view name) {
  if (absl::StartsWith(name, ".")) return true;
  return Contains(kLeftovers, absl::AsciiStrToLower(name));
}

std::vector<std::string> SplitsAmong(absl::Span<const std::string> names) {
  std::map<Rest, std::vector<NamedPart>> by_rest;
  for (const std::string& name : names) {
    AddPart(name, kSplitWords, by_rest);
    AddPart(name, kPartWords, by_rest);
  }
  std::vector<std::string> splits;
  for (const auto& [rest, parts] : by_rest) {
    if (!AreSplits(parts)) continue;
    for (const NamedPart& part : parts) splits.push_back(part.name);
    break;
  }
  return splits;
}

std::vector<std::string> ImagesAndAnnotationsAmong(absl::Span<const std::string> names) {
  std::vector<std::string> images, annotations;
  for (const std::string& name : names) {
    const std::string lower = absl::AsciiStrToLower(name);
    if (Contains(kImageFolders, lower)) images.push_back(name);
    if (Contains(kAnnotationFolders, lower)) annotations.push_back(name);
  }
  if (images.empty() || annotations.empty()) return {};
  images.insert(images.end(), annotations.begin(), annotations.end());
  return images;
}

}  // namespace distill
