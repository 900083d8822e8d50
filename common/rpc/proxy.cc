#include "common/rpc/proxy.h"

#include <arpa/inet.h>

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace distill {
namespace {

// The bytes of an IP address, 4 or 16; empty for a name.
std::vector<uint8_t> IpBytes(const std::string& host) {
  std::vector<uint8_t> bytes(4);
  if (::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1) return bytes;
  bytes.resize(16);
  if (::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1) return bytes;
  return {};
}

// Whether the address is in "10.0.0.0/8" or "2001:db8::/32".
bool IsInRange(const std::vector<uint8_t>& ip, absl::string_view range) {
  const std::vector<std::string> parts = absl::StrSplit(range, absl::MaxSplits('/', 1));
  int bits = 0;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[1], &bits)) return false;
  const std::vector<uint8_t> network = IpBytes(parts[0]);
  if (ip.empty() || network.size() != ip.size() || bits < 0 ||
      bits > static_cast<int>(8 * ip.size())) {
    return false;
  }
  for (int bit = 0; bit < bits; ++bit) {
    const auto byte = static_cast<size_t>(bit / 8);
    if (((ip[byte] ^ network[byte]) >> (7 - bit % 8) & 1) != 0) return false;
  }
  return true;
}

bool Matches(const std::string& host, absl::string_view entry) {
  if (entry == "*") return true;
  if (absl::StrContains(entry, '/')) return IsInRange(IpBytes(host), entry);
  absl::ConsumePrefix(&entry, ".");
  return !entry.empty() && (absl::EqualsIgnoreCase(host, entry) ||
                            absl::EndsWithIgnoreCase(host, absl::StrCat(".", entry)));
}

}  // namespace

std::string FromEnvironment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::optional<std::string> ProxyFor(const Address& address, const Environment& environment) {
  if (IsLoopback(address)) return std::nullopt;
  for (const char* const name : {"no_grpc_proxy", "no_proxy", "NO_PROXY"}) {
    const std::string entries = environment(name);
    if (entries.empty()) continue;
    for (const absl::string_view entry : absl::StrSplit(entries, absl::ByAnyChar(", "))) {
      if (Matches(address.host, absl::StripAsciiWhitespace(entry))) return std::nullopt;
    }
    break;
  }
  for (const char* const name : {"grpc_proxy", "https_proxy", "http_proxy"}) {
    if (const std::string proxy = environment(name); !proxy.empty()) {
      return absl::StrCat(name, "=", proxy);
    }
  }
  return std::nullopt;
}

}  // namespace distill
