#include "student_trainer/data/formats/idx_names.h"

#include <algorithm>
#include <regex>
#include <system_error>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace distill {
namespace {

namespace fs = std::filesystem;

// The parts of a name such as "emnist-digits-train-images-idx3-ubyte.gz".
struct IdxName {
  std::string prefix;  // "emnist-digits-train", in lower case and with '-' between its words
  bool images = false;
  bool gzipped = false;
};

std::optional<IdxName> ParseIdxName(const fs::path& file) {
  static const auto& pattern = *new std::regex(
      "(?:(.*)[-_. ])?(images|labels)[-_. ]idx([134])[-_. ]ubyte(?:[.]idx)?([.]gz)?");
  std::string name = absl::AsciiStrToLower(file.filename().string());
  std::smatch parts;
  if (!std::regex_match(name, parts, pattern)) return std::nullopt;
  IdxName parsed{parts[1], parts[2] == "images", parts[4].matched};
  if (parsed.images == (parts[3] == "1")) return std::nullopt;
  for (char& letter : parsed.prefix) {
    if (letter == '_' || letter == '.' || letter == ' ') letter = '-';
  }
  return parsed;
}

struct NamedIdx {
  fs::path path;
  IdxName name;
};

// The IDX files in a folder and in its folders that are called like one, in order of preference.
std::vector<NamedIdx> ListIdx(const fs::path& folder, bool inside = false) {
  std::vector<NamedIdx> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::optional<IdxName> name = ParseIdxName(entry->path());
    if (!name.has_value()) continue;
    std::error_code gone;
    if (!entry->is_directory(gone)) {
      files.push_back({entry->path(), *name});
    } else if (!inside) {
      const std::vector<NamedIdx> below = ListIdx(entry->path(), /*inside=*/true);
      files.insert(files.end(), below.begin(), below.end());
    }
  }
  std::sort(files.begin(), files.end(), [](const NamedIdx& a, const NamedIdx& b) {
    return std::tuple(a.name.prefix.size(), a.name.gzipped, a.path) <
           std::tuple(b.name.prefix.size(), b.name.gzipped, b.path);
  });
  return files;
}

bool IsOfRole(absl::string_view prefix, DataRole role) {
  const auto ends_with_word = [prefix](absl::string_view word) {
    return prefix == word || absl::EndsWith(prefix, absl::StrCat("-", word));
  };
  if (role == DataRole::kTest) return ends_with_word("t10k") || ends_with_word("test");
  return ends_with_word("train");
}

std::optional<fs::path> IdxLabelsOf(const IdxName& images, const fs::path& folder) {
  for (const NamedIdx& file : ListIdx(folder)) {
    if (!file.name.images && file.name.prefix == images.prefix) return file.path;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<std::optional<IdxFiles>> FindIdxFiles(const fs::path& folder, DataRole role) {
  std::vector<NamedIdx> found;
  for (NamedIdx& file : ListIdx(folder)) {
    if (file.name.images && IsOfRole(file.name.prefix, role)) found.push_back(std::move(file));
  }
  if (found.empty()) return std::nullopt;
  const std::string& prefix = found[0].name.prefix;
  for (const NamedIdx& file : found) {
    if (file.name.prefix == prefix || !absl::StrContains(prefix, '-')) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(folder.string(), ": it holds ", found[0].path.filename().string(), " and ",
                     file.path.filename().string(), "; name one of these files"));
  }
  return WithLabelsBeside(found[0].path);
}

IdxFiles WithLabelsBeside(const fs::path& images) {
  IdxFiles files{images, std::nullopt, {}};
  const std::optional<IdxName> name = ParseIdxName(images);
  if (!name.has_value()) return files;
  const fs::path folder = images.parent_path();
  files.labels = IdxLabelsOf(*name, folder);
  if (!files.labels.has_value() && ParseIdxName(folder).has_value()) {
    files.labels = IdxLabelsOf(*name, folder.parent_path());
  }
  return files;
}

std::vector<std::string> IdxFileNames(DataRole role) {
  const absl::string_view prefix = role == DataRole::kTest ? "t10k" : "train";
  std::vector<std::string> names;
  for (const absl::string_view dimensions : {"idx3", "idx4"}) {
    for (const absl::string_view ending : {"", ".gz"}) {
      names.push_back(absl::StrCat(prefix, "-images-", dimensions, "-ubyte", ending));
    }
  }
  return names;
}

}  // namespace distill
