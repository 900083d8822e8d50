// Asking a server for its health, as a container's probe does.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/rpc/credentials.h"

namespace distill {

// Calls grpc.health.v1.Health/Check at `address` and waits up to `timeout`. OK: SERVING.
// UNAVAILABLE with the status that the server gave, or why it cannot be reached and what helps;
// INVALID_ARGUMENT for an address that is none; errors of MakeChannelCredentials.
absl::Status CheckHealth(const std::string& address, const ClientSecurity& security,
                         absl::Duration timeout);

}  // namespace distill
