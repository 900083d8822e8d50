#include "student_trainer/data/open_dataset.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "common/base/files.h"
#include "common/base/status_macros.h"
#include "student_trainer/data/idx_dataset.h"

namespace distill {
namespace {

constexpr char kClassNamesFile[] = "class_names.txt";

bool Exists(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

// The file itself, or the same gzipped; the first that exists.
std::optional<std::filesystem::path> PlainOrGzipped(const std::filesystem::path& path) {
  if (Exists(path)) return path;
  std::filesystem::path gzipped = absl::StrCat(path.string(), ".gz");
  if (Exists(gzipped)) return gzipped;
  return std::nullopt;
}

absl::StatusOr<std::filesystem::path> ImagesInFolder(const std::filesystem::path& folder,
                                                     DataRole role) {
  const absl::string_view prefix = role == DataRole::kTrain ? "train" : "t10k";
  std::vector<std::string> looked_for;
  for (const absl::string_view suffix : {"-images-idx3-ubyte", "-images-idx4-ubyte"}) {
    const std::string name = absl::StrCat(prefix, suffix);
    if (auto images = PlainOrGzipped(folder / name)) return *std::move(images);
    looked_for.insert(looked_for.end(), {name, absl::StrCat(name, ".gz")});
  }
  return absl::NotFoundError(absl::StrCat(folder.string(), ": the folder holds none of ",
                                          absl::StrJoin(looked_for, ", "),
                                          "; a file of images can be named instead"));
}

absl::StatusOr<std::filesystem::path> FindImages(const DataOptions& options) {
  const std::filesystem::path path = options.path;
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  switch (status.type()) {
    case std::filesystem::file_type::directory:
      return ImagesInFolder(path, options.role);
    case std::filesystem::file_type::regular:
      return path;
    case std::filesystem::file_type::not_found:
      return absl::NotFoundError(absl::StrCat(path.string(), ": no such file or folder"));
    case std::filesystem::file_type::none:
      return absl::InternalError(
          absl::StrCat("cannot open ", path.string(), ": ", error.message()));
    default:
      return absl::FailedPreconditionError(
          absl::StrCat(path.string(), " is neither a file nor a folder"));
  }
}

// The labels' file beside a file of images that is named by MNIST's convention.
std::optional<std::filesystem::path> LabelsBeside(const std::filesystem::path& images) {
  std::string name = images.filename().string();
  if (absl::EndsWith(name, ".gz")) name.resize(name.size() - 3);
  for (const std::string& part : {std::string("images-idx3"), std::string("images-idx4")}) {
    const size_t position = name.rfind(part);
    if (position == std::string::npos) continue;
    name.replace(position, part.size(), "labels-idx1");
    return PlainOrGzipped(images.parent_path() / name);
  }
  return std::nullopt;
}

// config.json holds the names, and JSON holds UTF-8 alone.
bool IsUtf8(const std::string& text) {
  try {
    nlohmann::json(text).dump();
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

absl::Status CheckClassNames(absl::Span<const std::string> names, absl::string_view where) {
  std::set<absl::string_view> seen;
  for (size_t i = 0; i < names.size(); ++i) {
    std::string problem;
    if (names[i].empty()) {
      problem = "is empty";
    } else if (!IsUtf8(names[i])) {
      problem = "is not UTF-8";
    } else if (!seen.insert(names[i]).second) {
      problem = absl::StrCat("repeats \"", names[i], "\"");
    }
    if (!problem.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(where, ": class name ", i + 1, " of ",
                                                     names.size(), " ", problem,
                                                     "; expected one name a class, none twice"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Dataset>> OpenDataset(const DataOptions& options) {
  RETURN_IF_ERROR(CheckClassNames(options.class_names, options.path));
  IdxFiles files;
  ASSIGN_OR_RETURN(files.images, FindImages(options));
  files.labels = LabelsBeside(files.images);
  files.class_names = options.class_names;
  const std::filesystem::path names = files.images.parent_path() / kClassNamesFile;
  if (files.class_names.empty() && Exists(names)) {
    ASSIGN_OR_RETURN(files.class_names, ReadClassNames(names.string()));
  }
  return OpenIdxDataset(files);
}

absl::StatusOr<std::vector<std::string>> ReadClassNames(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string contents, ReadFile(path));
  std::vector<std::string> names;
  for (const absl::string_view line : absl::StrSplit(contents, '\n')) {
    names.emplace_back(absl::StripAsciiWhitespace(line));
  }
  while (!names.empty() && names.back().empty()) names.pop_back();
  if (names.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " holds no class names, expected one a line"));
  }
  RETURN_IF_ERROR(CheckClassNames(names, path));
  return names;
}

}  // namespace distill
