#include "common/contract/class_order.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/shown_bytes.h"
#include "common/base/status.h"

namespace distill {
namespace {

// A status is sent in HTTP/2 trailers, which hold at most 8 KiB.
constexpr size_t kListedNames = 12;
constexpr size_t kNamesWithBytes = 4;  // of a list
constexpr size_t kNameBytes = 40;

// Returns the elements of `names` that `others` lacks.
std::vector<std::string> Lacking(absl::Span<const std::string> names,
                                 absl::Span<const std::string> others) {
  std::vector<std::string> sorted(others.begin(), others.end());
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::string> lacking;
  for (const std::string& name : names) {
    if (!std::binary_search(sorted.begin(), sorted.end(), name)) lacking.push_back(name);
  }
  return lacking;
}

// `lacking`: those of the names whose bytes are shown, since they may look like names that the
// other side has.
std::string Listed(absl::Span<const std::string> names, absl::Span<const std::string> lacking) {
  lacking = lacking.subspan(0, kNamesWithBytes);
  std::vector<std::string> quoted;
  for (const std::string& name : names.subspan(0, kListedNames)) {
    quoted.push_back(QuotedName(name));
    if (std::find(lacking.begin(), lacking.end(), name) != lacking.end()) {
      absl::StrAppend(&quoted.back(), ShownBytes(name.substr(0, kNameBytes)));
    }
  }
  if (names.size() > kListedNames) {
    quoted.push_back(absl::StrCat("and ", names.size() - kListedNames, " more"));
  }
  return names.empty() ? "none" : absl::StrJoin(quoted, ", ");
}

absl::Status ClassesDiffer(absl::Span<const std::string> model,
                           absl::Span<const std::string> wanted) {
  const std::vector<std::string> unwanted = Lacking(model, wanted);
  const std::vector<std::string> unknown = Lacking(wanted, model);
  if (model.size() <= kListedNames && wanted.size() <= kListedNames) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the sets of classes differ: the model's ", model.size(), " are ", Listed(model, unwanted),
        ", wanted are ", wanted.size(), ": ", Listed(wanted, unknown)));
  }
  return absl::FailedPreconditionError(
      absl::StrCat("the sets of classes differ: the model has ", model.size(),
                   ", of which not wanted: ", Listed(unwanted, unwanted), ", wanted are ",
                   wanted.size(), ", of which unknown to the model: ", Listed(unknown, unknown)));
}

}  // namespace

std::string QuotedName(absl::string_view text) {
  size_t size = std::min(text.size(), kNameBytes);
  // Does not cut a UTF-8 character.
  while (size < text.size() && size > 0 && (text[size] & 0xC0) == 0x80) --size;
  return absl::StrCat("'", absl::Utf8SafeCHexEscape(text.substr(0, size)),
                      size < text.size() ? "…" : "", "'");
}

absl::StatusOr<ClassIndices> ClassOrder(absl::Span<const std::string> model, int64_t classes,
                                        absl::Span<const std::string> wanted, Wanted part) {
  if (wanted.empty()) return nullptr;
  absl::flat_hash_map<absl::string_view, int64_t> index_of_served;
  for (size_t i = 0; i < model.size(); ++i) {
    index_of_served.emplace(model[i], static_cast<int64_t>(i));
  }
  absl::flat_hash_map<absl::string_view, int64_t> seen;
  auto order = std::make_shared<std::vector<int64_t>>();
  for (const std::string& name : wanted) {
    if (!seen.emplace(name, 0).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("class ", QuotedName(name), ": it appears twice"));
    }
    const auto found = index_of_served.find(name);
    if (found != index_of_served.end()) order->push_back(found->second);
  }
  if (model.empty() && part == Wanted::kSome) {
    return absl::FailedPreconditionError(
        "some classes by their names: the model has no class names; ask by index");
  }
  if (model.empty()) {
    if (static_cast<int64_t>(wanted.size()) == classes) return nullptr;
    return absl::FailedPreconditionError(
        absl::StrCat("the number of classes is ", wanted.size(), "; must be ", classes,
                     ", as of the model, which has no class names"));
  }
  if (order->size() != wanted.size() || (part == Wanted::kAll && wanted.size() != model.size())) {
    return ClassesDiffer(model, wanted);
  }
  if (order->size() == model.size() && std::is_sorted(order->begin(), order->end())) return nullptr;
  return ClassIndices(std::move(order));
}

absl::StatusOr<ClassIndices> ClassesAt(absl::Span<const int64_t> indices, int64_t classes) {
  std::vector<bool> seen(static_cast<size_t>(classes));
  for (const int64_t index : indices) {
    if (index < 0 || index >= classes) {
      return InvalidValue("a class index", index, absl::StrCat("0 to ", classes - 1));
    }
    if (seen[static_cast<size_t>(index)]) {
      return absl::InvalidArgumentError(absl::StrCat("class index ", index, ": it appears twice"));
    }
    seen[static_cast<size_t>(index)] = true;
  }
  return std::make_shared<const std::vector<int64_t>>(indices.begin(), indices.end());
}

}  // namespace distill
