// Which connections go through an HTTP proxy, as the environment has it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "common/rpc/address.h"

namespace distill {

// Reads a variable of the environment; empty if it is not set.
using Environment = std::function<std::string(const char* name)>;
std::string FromEnvironment(const char* name);

// Returns the variable that sends connections to the address through a proxy, as
// "http_proxy=http://proxy:3128"; nullopt if they are direct. As in gRPC, grpc_proxy comes before
// https_proxy and http_proxy. Never for this machine (IsLoopback), nor for what no_grpc_proxy, or
// no_proxy, or NO_PROXY, lists: as curl reads it, hosts with all their subdomains ("example.org" or
// ".example.org"), IP addresses, ranges of them ("10.0.0.0/8") and "*". The host is compared as the
// user wrote it: gRPC compares the address that a client dials, which may be one that it looked up.
std::optional<std::string> ProxyFor(const Address& address,
                                    const Environment& environment = FromEnvironment);

}  // namespace distill
