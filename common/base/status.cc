#include "common/base/status.h"

#include "absl/strings/cord.h"

namespace distill {

absl::Status Annotate(absl::Status status, absl::string_view where) {
  if (status.ok() || where.empty()) return status;
  absl::Status annotated(status.code(), absl::StrCat(where, ": ", status.message()));
  status.ForEachPayload([&annotated](absl::string_view type_url, const absl::Cord& payload) {
    annotated.SetPayload(type_url, payload);
  });
  return annotated;
}

absl::Status InvalidValue(absl::string_view what, const absl::AlphaNum& value,
                          const absl::AlphaNum& range) {
  return absl::InvalidArgumentError(absl::StrCat(what, " is ", value, "; must be ", range));
}

absl::string_view OneLineReason(absl::string_view text) {
  text = text.substr(0, text.find('\n'));
  const size_t last = text.find_last_not_of(" .;:,!\r");
  return last == absl::string_view::npos ? absl::string_view() : text.substr(0, last + 1);
}

}  // namespace distill
