#include "common/model_directory/allowed_models.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/files.h"
#include "common/base/sha256.h"
#include "common/base/status_macros.h"
#include "common/model_directory/model_directory.h"

namespace distill {
namespace {

constexpr size_t kSumDigits = 64;

bool IsSum(absl::string_view text) {
  return text.size() == kSumDigits && std::all_of(text.begin(), text.end(), absl::ascii_isxdigit);
}

absl::StatusOr<std::vector<std::string>> ReadSums(const std::filesystem::path& list) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(list));
  std::vector<std::string> sums;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const absl::string_view sum = line.substr(0, line.find_first_of(" \t"));
    if (!IsSum(sum)) {
      return absl::InvalidArgumentError(
          absl::StrCat(list.string(), ":", number,
                       ": the line does not begin with the 64 hexadecimal digits "
                       "of a SHA-256 sum"));
    }
    sums.push_back(absl::AsciiStrToLower(sum));
  }
  return sums;
}

}  // namespace

absl::Status CheckModelAllowed(const std::filesystem::path& list,
                               const std::filesystem::path& directory) {
  ASSIGN_OR_RETURN(const std::vector<std::string> sums, ReadSums(list));
  ASSIGN_OR_RETURN(const ModelDescription description, ReadModelDescription(directory));
  const std::filesystem::path weights = WeightsPath(directory, description);
  Sha256 digest;
  RETURN_IF_ERROR(
      ReadFileInPieces(weights, [&digest](absl::string_view piece) { digest.Update(piece); }));
  const std::string sum = digest.HexDigest();
  if (std::find(sums.begin(), sums.end(), sum) != sums.end()) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat(weights.string(), ": the weights are not among those of ", list.string(),
                   "; to allow them, add the line ", sum, "  ", weights.string()));
}

}  // namespace distill
