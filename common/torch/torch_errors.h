// CatchTorch converts Torch's exceptions to statuses.
#pragma once

#include <c10/util/Exception.h>

#include <exception>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/base/status.h"

namespace distill {

// Returns the reason in the text of one of Torch's errors, in one line; what has more lines is
// logged as a detail.
std::string TorchReason(absl::string_view text);

// Calls `function`. Returns INTERNAL with the text of an exception, which may contain paths: it is
// meant for the operator and must never be sent to a client.
template <typename Function>
absl::Status CatchTorch(Function&& function) {
  try {
    function();
    return absl::OkStatus();
  } catch (const c10::Error& error) {
    return absl::InternalError(TorchReason(error.what_without_backtrace()));
  } catch (const std::exception& error) {
    return absl::InternalError(TorchReason(error.what()));
  }
}

}  // namespace distill
