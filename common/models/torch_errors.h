// CatchTorch: where Torch's exceptions stop.
#pragma once

#include <c10/util/Exception.h>

#include <exception>

#include "absl/status/status.h"

namespace distill {

// Calls `function`. INTERNAL with the exception's text, which may hold paths: it is for the
// operator, never for a client.
template <typename Function>
absl::Status CatchTorch(Function&& function) {
  try {
    function();
    return absl::OkStatus();
  } catch (const c10::Error& error) {
    return absl::InternalError(error.what_without_backtrace());
  } catch (const std::exception& error) {
    return absl::InternalError(error.what());
  }
}

}  // namespace distill
