#include "student_trainer/data/formats/cifar_files.h"

#include <system_error>

#include "absl/strings/str_cat.h"

namespace distill {
namespace {

bool Exists(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

std::optional<std::filesystem::path> NamesIn(const std::filesystem::path& folder) {
  for (const char* const name : {"batches.meta.txt", "fine_label_names.txt"}) {
    if (Exists(folder / name)) return folder / name;
  }
  return std::nullopt;
}

std::vector<std::string> Cifar10Names(DataRole role) {
  if (role == DataRole::kTest) return {"test_batch.bin"};
  std::vector<std::string> names;
  for (int i = 1; i <= 5; ++i) names.push_back(absl::StrCat("data_batch_", i, ".bin"));
  return names;
}

std::string Cifar100Name(DataRole role) {
  return role == DataRole::kTest ? "test.bin" : "train.bin";
}

}  // namespace

absl::StatusOr<std::optional<CifarFiles>> FindCifarFiles(const std::filesystem::path& folder,
                                                         DataRole role) {
  CifarFiles files{{}, NamesIn(folder)};
  std::string missing;
  for (const std::string& name : Cifar10Names(role)) {
    if (Exists(folder / name)) {
      files.batches.push_back(folder / name);
    } else {
      missing = name;
    }
  }
  if (!files.batches.empty() && !missing.empty()) {
    return absl::NotFoundError(absl::StrCat(folder.string(), ": ", missing, " is missing beside ",
                                            files.batches[0].filename().string(),
                                            "; name a single batch, or copy the others"));
  }
  if (files.batches.empty() && Exists(folder / Cifar100Name(role))) {
    files.batches.push_back(folder / Cifar100Name(role));
  }
  if (files.batches.empty()) return std::nullopt;
  return files;
}

std::vector<std::string> CifarFileNames(DataRole role) {
  std::vector<std::string> names = Cifar10Names(role);
  names.push_back(Cifar100Name(role));
  return names;
}

CifarFiles WithNamesBeside(const std::filesystem::path& batch) {
  return {{batch}, NamesIn(batch.parent_path())};
}

}  // namespace distill
