// Finds out why a server cannot listen on an address.
#pragma once

#include "absl/status/status.h"
#include "common/rpc/address.h"

namespace distill {

// gRPC says only that listening failed. This tries to bind a TCP address itself and returns the
// system's reason in one line: FAILED_PRECONDITION where the address is in use, else INTERNAL.
absl::Status WhyNotListening(const Address& address);

}  // namespace distill
