// Which connections go through an HTTP proxy, as the environment has it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "common/rpc/address.h"

namespace distill {

// Reads a variable of the environment; nullopt if it is not set.
using Environment = std::function<std::optional<std::string>(const char* name)>;
std::optional<std::string> FromEnvironment(const char* name);

// Returns the variable that sends connections to the address through a proxy, without user info, as
// "http_proxy=http://proxy:3128"; nullopt if they are direct. As in gRPC, the first of grpc_proxy,
// https_proxy and http_proxy that is set counts, an empty one means no proxy, and one that is not
// of the form http://[user:password@]host[:port] is not used.
//
// Connections to this machine (IsLoopback) are direct, and so are those to what the first of
// no_grpc_proxy, no_proxy and NO_PROXY that is set lists: names of hosts, which gRPC compares with
// the end of a name ("example.org", ".example.org", "*.example.org"), IP addresses, ranges of them
// ("10.0.0.0/8"), each of the names and addresses with a port or without, and "*". The host is
// compared as the user wrote it: gRPC compares the address that a client dials, which may be one
// that it looked up.
std::optional<std::string> ProxyFor(const Address& address,
                                    const Environment& environment = FromEnvironment);

// Returns the variable, as ProxyFor does, that would send them through a proxy if it had the form
// that gRPC takes.
std::optional<std::string> IgnoredProxyFor(const Address& address,
                                           const Environment& environment = FromEnvironment);

}  // namespace distill
