#include "common/rpc/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/base/known_names.h"
#include "common/base/status.h"

namespace distill {
namespace {

constexpr size_t kMaxUnixPath = sizeof(sockaddr_un::sun_path) - 1;
constexpr int kMaxPort = 65535;

absl::Status Refused(absl::string_view text, absl::string_view why) {
  const std::string shown =
      absl::StartsWith(text, "unix:") ? std::string(text) : WithoutUserInfo(text);
  return absl::InvalidArgumentError(absl::StrCat(
      "address '", shown, "': ", why, "; use host:port, [IPv6 address]:port or unix:/path"));
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
  if (percent != host.npos && !IsHostName(host.substr(percent + 1))) return false;
  host = host.substr(0, percent);
  return absl::StrContains(host, ':') && std::all_of(host.begin(), host.end(), [](unsigned char c) {
           return absl::ascii_isxdigit(c) || c == ':' || c == '.';
         });
}

// The zone of "fe80::1%eth0"; empty if there is none.
absl::string_view ZoneOf(absl::string_view host) {
  const size_t percent = host.find('%');
  return percent == host.npos ? "" : host.substr(percent + 1);
}

bool IsLinkLocal(const std::string& host) {
  in6_addr bytes;
  const std::string without_zone = host.substr(0, host.find('%'));
  return ::inet_pton(AF_INET6, without_zone.c_str(), &bytes) == 1 && IN6_IS_ADDR_LINKLOCAL(&bytes);
}

// Of this machine; empty if the system does not tell.
std::vector<std::string> NetworkInterfaces() {
  const std::unique_ptr<struct if_nameindex, void (*)(struct if_nameindex*)> all(
      ::if_nameindex(), ::if_freenameindex);
  std::vector<std::string> names;
  for (const struct if_nameindex* each = all.get(); each != nullptr && each->if_name != nullptr;
       ++each) {
    names.emplace_back(each->if_name);
  }
  return names;
}

absl::StatusOr<Address> ParseUnix(absl::string_view text, absl::string_view path) {
  if (path.empty()) return Refused(text, "the path is empty");
  if (absl::StartsWith(path, "///")) path.remove_prefix(2);
  // gRPC takes what follows two slashes for a host.
  if (absl::StartsWith(path, "//") || absl::EndsWith(path, "/")) {
    return InvalidValue("the address", absl::StrCat("'", text, "'"), "unix:/path");
  }
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
  if (absl::StrContains(text, '@')) return Refused(text, "it has a user before the host");
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
  if (IsLinkLocal(address.host) && ZoneOf(address.host).empty()) {
    return Refused(text,
                   "a link-local address needs its zone, the network interface that leads to it, "
                   "as in [fe80::1%eth0]:port");
  }
  return address;
}

absl::Status CheckZone(const Address& address) {
  const std::string zone(ZoneOf(address.host));
  if (zone.empty()) return absl::OkStatus();
  char name[IF_NAMESIZE];
  unsigned index = 0;
  if (::if_nametoindex(zone.c_str()) != 0 ||
      (absl::SimpleAtoi(zone, &index) && ::if_indextoname(index, name) != nullptr)) {
    return absl::OkStatus();
  }
  return InvalidValue(
      absl::StrCat("the zone of address '", address.ToString(), "'"), absl::StrCat("'", zone, "'"),
      absl::StrCat("a network interface of this machine: ", SomeOf(NetworkInterfaces())));
}

std::string WithoutUserInfo(absl::string_view url) {
  // A password may hold any of these, so the last one counts.
  size_t end = 0;
  for (const absl::string_view at : {"@", "%40"}) {
    if (const size_t found = url.rfind(at); found != url.npos) {
      end = std::max(end, found + at.size());
    }
  }
  const size_t scheme = url.find("://");
  const size_t begin = scheme < end ? scheme + 3 : 0;
  return begin < end ? absl::StrCat(url.substr(0, begin), url.substr(end)) : std::string(url);
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
