// What a server that still loads its models tells clients.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace distill {

// The message of UNAVAILABLE that ends a stream meanwhile.
inline constexpr absl::string_view kServerStarting =
    "the server: it is starting and loads its models; try again";

inline bool IsServerStarting(const absl::Status& end) {
  return absl::IsUnavailable(end) && absl::StrContains(end.message(), "it is starting");
}

}  // namespace distill
