#include "common/model_directory/foreign_file.h"

#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace distill {
namespace {

constexpr size_t kBegin = 64;

}  // namespace

std::string DescribeForeignFile(absl::string_view begin, absl::string_view wanted) {
  const auto starts_with = [begin](absl::string_view mark) {
    return absl::StartsWithIgnoreCase(begin, mark);
  };
  if (begin.empty()) return "it is empty";
  if (starts_with("version https://git-lfs")) {
    return "it looks like a Git LFS pointer; fetch the file with 'git lfs pull'";
  }
  if (starts_with("<!doctype") || starts_with("<html")) {
    return "it looks like a web page; download the file itself";
  }
  // A zip archive, and a pickle of protocol 2 or higher.
  if (starts_with("PK\x03\x04") ||
      (begin.size() > 1 && begin[0] == '\x80' && begin[1] >= 2 && begin[1] <= 5)) {
    return absl::StrCat("it looks like a file of torch.save; write it with ", wanted);
  }
  if (starts_with("\x89HDF")) return absl::StrCat("it looks like HDF5; write it with ", wanted);
  return "";
}

std::string DescribeForeignFileAt(const std::filesystem::path& path, absl::string_view wanted) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return "";
  char begin[kBegin];
  file.read(begin, kBegin);
  return DescribeForeignFile(absl::string_view(begin, static_cast<size_t>(file.gcount())), wanted);
}

}  // namespace distill
