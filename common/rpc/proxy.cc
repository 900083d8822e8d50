#include "common/rpc/proxy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
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

// Whether the entry of a list is for the address: "example.org", "*.example.org", "10.0.0.1:443",
// "[::1]:443", "10.0.0.0/8" or "*".
bool IsFor(const Address& address, absl::string_view entry) {
  if (entry == "*") return true;
  if (absl::StrContains(entry, '/')) return IsInRange(IpBytes(address.host), entry);
  absl::string_view host = entry;
  absl::string_view port;
  if (const size_t close = entry.find(']');
      absl::ConsumePrefix(&host, "[") && close != entry.npos) {
    host = entry.substr(1, close - 1);
    port = entry.substr(close + 1);
  } else if (const size_t colon = entry.find(':');
             colon == entry.rfind(':') && colon != entry.npos) {
    host = entry.substr(0, colon);
    port = entry.substr(colon);
  }
  if (!port.empty() && port != absl::StrCat(":", address.port)) return false;
  absl::ConsumePrefix(&host, "*");
  if (host.empty()) return false;
  const std::vector<uint8_t> ip = IpBytes(std::string(host));
  return absl::EndsWithIgnoreCase(address.host, host) ||
         absl::EqualsIgnoreCase(address.host, absl::StripPrefix(host, ".")) ||
         (!ip.empty() && ip == IpBytes(address.host));
}

struct Variable {
  const char* name;
  std::string value;
};

std::optional<Variable> FirstSet(std::initializer_list<const char*> names,
                                 const Environment& environment) {
  for (const char* const name : names) {
    if (std::optional<std::string> value = environment(name); value.has_value()) {
      return Variable{name, *std::move(value)};
    }
  }
  return std::nullopt;
}

// The variable that has a proxy for the address, in whatever form.
std::optional<Variable> ProxyVariable(const Address& address, const Environment& environment) {
  if (IsLoopback(address)) return std::nullopt;
  const std::optional<Variable> direct =
      FirstSet({"no_grpc_proxy", "no_proxy", "NO_PROXY"}, environment);
  if (direct.has_value()) {
    for (const absl::string_view entry :
         absl::StrSplit(direct->value, absl::ByAnyChar(", \t"), absl::SkipEmpty())) {
      if (IsFor(address, entry)) return std::nullopt;
    }
  }
  std::optional<Variable> proxy =
      FirstSet({"grpc_proxy", "https_proxy", "http_proxy"}, environment);
  if (proxy.has_value() && proxy->value.empty()) return std::nullopt;
  return proxy;
}

// Whether gRPC takes it for a proxy.
bool IsUsable(absl::string_view value) {
  if (!absl::ConsumePrefix(&value, "http://")) return false;
  const std::string authority =
      absl::StrReplaceAll(value.substr(0, value.find_first_of("/?#")), {{"%40", "@"}});
  return !authority.empty() && std::count(authority.begin(), authority.end(), '@') <= 1;
}

std::string ToText(const Variable& variable) {
  return absl::StrCat(variable.name, "=", WithoutUserInfo(variable.value));
}

}  // namespace

std::optional<std::string> FromEnvironment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::optional<std::string> ProxyFor(const Address& address, const Environment& environment) {
  const std::optional<Variable> variable = ProxyVariable(address, environment);
  if (!variable.has_value() || !IsUsable(variable->value)) return std::nullopt;
  return ToText(*variable);
}

std::optional<std::string> IgnoredProxyFor(const Address& address, const Environment& environment) {
  const std::optional<Variable> variable = ProxyVariable(address, environment);
  if (!variable.has_value() || IsUsable(variable->value)) return std::nullopt;
  return ToText(*variable);
}

}  // namespace distill
