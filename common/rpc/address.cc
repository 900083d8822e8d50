#include "common/rpc/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace distill {
namespace {

constexpr size_t kMaxUnixPath = sizeof(sockaddr_un::sun_path) - 1;
constexpr int kMaxPort = 65535;

absl::Status Refused(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(
      "address '", text, "': ", why, "; use host:port, [IPv6 address]:port or unix:/path"));
}

// gRPC parses an address as a URI; these characters need no escape in one.
bool IsPlainPath(absl::string_view path) {
  return std::all_of(path.begin(), path.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || absl::StrContains("/._-~+@:,=", static_cast<char>(c));
  });
}

bool IsHostName(absl::string_view host) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_';
  });
}

// A link-local address may have a zone, the name or number of an interface: "fe80::1%eth0".
bool IsIpv6(absl::string_view host) {
  const size_t percent = host.find('%');
  const absl::string_view zone = percent == host.npos ? "" : host.substr(percent + 1);
  if (percent != host.npos && !IsHostName(zone)) return false;
  host = host.substr(0, percent);
  return absl::StrContains(host, ':') && std::all_of(host.begin(), host.end(), [](unsigned char c) {
           return absl::ascii_isxdigit(c) || c == ':' || c == '.';
         });
}

absl::StatusOr<Address> ParseUnix(absl::string_view text, absl::string_view path) {
  if (path.empty()) return Refused(text, "the path is empty");
  if (path.size() > kMaxUnixPath) {
    return Refused(text, absl::StrCat("a socket's path has at most ", kMaxUnixPath,
                                      " bytes, and this one ", path.size()));
  }
  if (!IsPlainPath(path)) {
    return Refused(text, "a socket's path is made of letters, digits and / . _ - ~ + @ : , =");
  }
  Address address;
  address.kind = Address::Kind::kUnix;
  address.path = std::string(path);
  return address;
}

}  // namespace

std::string Address::ToString() const {
  if (kind == Kind::kUnix) return absl::StrCat("unix:", path);
  if (absl::StrContains(host, ':')) return absl::StrCat("[", host, "]:", port);
  return absl::StrCat(host, ":", port);
}

absl::StatusOr<Address> ParseAddress(absl::string_view text) {
  if (absl::string_view path = text; absl::ConsumePrefix(&path, "unix:")) {
    return ParseUnix(text, path);
  }
  if (absl::StrContains(text, "://")) return Refused(text, "it is a URL");
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return Refused(text, "there is no port");

  absl::string_view host = text.substr(0, colon);
  const absl::string_view port_text = text.substr(colon + 1);
  if (absl::ConsumePrefix(&host, "[") && absl::ConsumeSuffix(&host, "]")) {
    if (!IsIpv6(host)) return Refused(text, "the text in brackets is not an IPv6 address");
  } else if (absl::StrContains(host, ':')) {
    return Refused(text, "an IPv6 address needs brackets");
  } else if (!IsHostName(host)) {
    return Refused(text, "the host is empty or not a host name");
  }

  Address address;
  address.host = std::string(host);
  const bool digits = !port_text.empty() && port_text.size() <= 5 &&
                      std::all_of(port_text.begin(), port_text.end(), absl::ascii_isdigit);
  if (!digits || !absl::SimpleAtoi(port_text, &address.port) || address.port > kMaxPort) {
    return Refused(text, absl::StrCat("the port is not a number from 0 to ", kMaxPort));
  }
  return address;
}

bool IsNumeric(const Address& address) {
  in6_addr bytes;
  const std::string without_zone = address.host.substr(0, address.host.find('%'));
  return ::inet_pton(AF_INET, without_zone.c_str(), &bytes) == 1 ||
         ::inet_pton(AF_INET6, without_zone.c_str(), &bytes) == 1;
}

DialTarget DialTargetOf(const Address& address, const std::string& ip) {
  if (ip.empty()) return {.target = address.ToString(), .authority = ""};
  const bool v6 = absl::StrContains(ip, ':');
  return {.target = v6 ? absl::StrCat("ipv6:[", ip, "]:", address.port)
                       : absl::StrCat("ipv4:", ip, ":", address.port),
          .authority = address.ToString()};
}

bool IsLoopback(const Address& address) {
  if (address.kind == Address::Kind::kUnix) return true;
  if (absl::EqualsIgnoreCase(address.host, "localhost")) return true;
  // inet_pton accepts only complete addresses: "127.1" and "127.0.0.1.example.org" are names.
  if (in_addr v4; ::inet_pton(AF_INET, address.host.c_str(), &v4) == 1) {
    return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
  }
  in6_addr v6;
  return ::inet_pton(AF_INET6, address.host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace distill
