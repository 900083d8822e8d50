// The addresses behind a host's name.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace distill {

// All IP addresses of a name, as text, the one to prefer first. Blocks, for a few seconds at most.
using HostResolver = std::function<absl::StatusOr<std::vector<std::string>>(const std::string&)>;

// Asks the system. UNAVAILABLE names the host and the reason, or that there was no answer in 3 s.
absl::StatusOr<std::vector<std::string>> ResolveHost(const std::string& host);

// Those of a name's addresses that stand for one server each, sorted. A server often has an IPv4
// and an IPv6 address, which would count it twice: of the two families, the one with more addresses
// is taken, that of the first address if they have the same.
std::vector<std::string> OneAddressAServer(const std::vector<std::string>& addresses);

// Those of the other family, sorted; of a name that has one family alone, that.
std::vector<std::string> OtherFamily(const std::vector<std::string>& addresses);

}  // namespace distill
