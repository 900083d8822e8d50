// CatchTorch converts Torch's exceptions to statuses.
#pragma once

#include <c10/util/Exception.h>

#include <exception>

#include "absl/status/status.h"
#include "common/base/status.h"

namespace distill {

// Calls `function`. Returns INTERNAL with the text of an exception, which may contain paths: it is
// meant for the operator and must never be sent to a client.
template <typename Function>
absl::Status CatchTorch(Function&& function) {
  try {
    function();
    return absl::OkStatus();
  } catch (const c10::Error& error) {
    return absl::InternalError(OneLineReason(error.what_without_backtrace()));
  } catch (const std::exception& error) {
    return absl::InternalError(OneLineReason(error.what()));
  }
}

}  // namespace distill
