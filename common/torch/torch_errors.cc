#include "common/torch/torch_errors.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "common/base/log.h"

namespace distill {

absl::string_view TorchReason(absl::string_view text) {
  if (absl::StrContains(absl::StripTrailingAsciiWhitespace(text), '\n')) log::Detail(text);
  // The interpreter's errors have its stack between a heading and the reason.
  if (absl::StartsWith(text, "The following operation failed in the TorchScript interpreter")) {
    text = absl::StripTrailingAsciiWhitespace(text);
    text = text.substr(text.rfind('\n') + 1);
  }
  return OneLineReason(text);
}

}  // namespace distill
