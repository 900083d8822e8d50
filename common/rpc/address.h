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

// Whether what is sent there stays on this machine: a Unix socket, localhost, 127.0.0.0/8, ::1. By
// the text alone: no name is looked up.
bool IsLoopback(const Address& address);

}  // namespace distill
