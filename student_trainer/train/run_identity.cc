#include "student_trainer/train/run_identity.h"

#include <algorithm>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/sha256.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

constexpr int64_t kSamplesRead = 64;

std::string ValueOf(const nlohmann::json& object, const std::string& key) {
  return object.contains(key) ? object[key].dump() : "nothing";
}

}  // namespace

absl::StatusOr<std::string> DataDigest(const Dataset& dataset) {
  Sha256 digest;
  digest.Update(absl::StrCat(dataset.size(), "\n", ToString(dataset.input()), "\n"));
  for (const std::string& name : dataset.class_names()) digest.Update(absl::StrCat(name, "\n"));
  for (int64_t i = 0; i < dataset.size(); ++i) {
    const int64_t label = dataset.Label(i);
    digest.Update(absl::string_view(reinterpret_cast<const char*>(&label), sizeof(label)));
  }
  ASSIGN_OR_RETURN(const size_t bytes, ByteSize(dataset.input().dtype, dataset.input().shape));
  std::vector<uint8_t> sample(bytes);
  const int64_t count = std::min(dataset.size(), kSamplesRead);
  for (int64_t i = 0; i < count; ++i) {
    const absl::Status read = dataset.Read(i * dataset.size() / count, absl::MakeSpan(sample));
    if (absl::IsDataLoss(read)) continue;
    RETURN_IF_ERROR(read);
    digest.Update(absl::string_view(reinterpret_cast<const char*>(sample.data()), sample.size()));
  }
  return digest.HexDigest();
}

absl::Status CheckSameRun(const nlohmann::json& checkpoint, const nlohmann::json& now) {
  std::set<std::string> keys;
  for (const nlohmann::json* side : {&checkpoint, &now}) {
    for (const auto& [key, value] : side->items()) keys.insert(key);
  }
  std::vector<std::string> differences;
  for (const std::string& key : keys) {
    const std::string was = ValueOf(checkpoint, key), is = ValueOf(now, key);
    if (was != is) differences.push_back(absl::StrCat(key, " was ", was, " and is ", is));
  }
  if (differences.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrJoin(differences, "; "));
}

}  // namespace distill
