// Addresses in the form that users write: "host:port", "[::1]:port", "unix:/path".
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace distill {

struct Address {
  enum class Kind { kTcp, kUnix };
  Kind kind = Kind::kTcp;
  std::string host;  // kTcp; brackets removed
  int port = 0;      // kTcp; 0 means any free port, for listening only
  std::string path;  // kUnix

  // Returns the form that gRPC takes, which is also what the user wrote.
  std::string ToString() const;
};

// INVALID_ARGUMENT quotes the text, without user info, and shows the forms that are allowed. A Unix
// path must fit sockaddr_un (107 bytes); as in gRPC, "unix:///path" is "unix:/path". A link-local
// IPv6 address needs a zone.
absl::StatusOr<Address> ParseAddress(absl::string_view text);

// INVALID_ARGUMENT names the zone of an IPv6 address, "eth0" in "[fe80::1%eth0]:1", that this
// machine has no network interface for, and the interfaces that it has.
absl::Status CheckZone(const Address& address);

// Returns a URL, or what was meant for one, without its user info, which may be a password:
// "http://host:1" for "http://user:secret@host:1".
std::string WithoutUserInfo(absl::string_view url);

// Returns whether the host is an IP address and not a name to look up.
bool IsNumeric(const Address& address);

// The target that a client dials.
struct DialTarget {
  std::string target;     // as gRPC takes it
  std::string authority;  // of the calls; the server's certificate must have it. Empty: from target
};

// `ip` is one of the addresses of the host of a kTcp address, "192.0.2.7" or "2001:db8::7"; the
// calls still name the host. If `ip` is empty, gRPC looks the host up.
DialTarget DialTargetOf(const Address& address, const std::string& ip);

// Returns whether the address is on this machine: a Unix socket, localhost, 127.0.0.0/8 or ::1. It
// decides by the text alone and does not look up names.
bool IsLoopback(const Address& address);

}  // namespace distill
