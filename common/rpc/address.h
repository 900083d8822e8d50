// Addresses as users write them: "host:port", "[::1]:port", "unix:/path".
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace distill {

struct Address {
  enum class Kind { kTcp, kUnix };
  Kind kind = Kind::kTcp;
  std::string host;  // kTcp; brackets removed
  int port = 0;      // kTcp; 0: any free one, for listening only
  std::string path;  // kUnix

  // As gRPC takes it, and as the user wrote it.
  std::string ToString() const;
};

// INVALID_ARGUMENT quotes the text and shows the forms that are allowed. A Unix path must fit
// sockaddr_un (107 bytes).
absl::StatusOr<Address> ParseAddress(absl::string_view text);

// Whether the host is an IP address, and no name to look up.
bool IsNumeric(const Address& address);

// What a client dials.
struct DialTarget {
  std::string target;  // as gRPC takes it
  std::string
      authority;  // of the calls; the server's certificate must have it. Empty: the target's
};

// `ip`: one of the addresses of a kTcp address's host, "192.0.2.7" or "2001:db8::7"; the calls are
// for the host all the same. Empty: gRPC looks the host up.
DialTarget DialTargetOf(const Address& address, const std::string& ip);

// Whether what is sent there stays on this machine: a Unix socket, localhost, 127.0.0.0/8, ::1. By
// the text alone: no name is looked up.
bool IsLoopback(const Address& address);

}  // namespace distill
