// Who may enter: what TLS and bearer tokens each side is given as files, and the gRPC credentials
// made of them. All files are PEM. This header shows no gRPC: options structs hold what is here.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rpc/address.h"

namespace grpc {
class ChannelCredentials;
class ServerCredentials;
}  // namespace grpc

namespace distill {

// ------------------------------------------------------------------------------------- the server

struct ServerTls {
  std::filesystem::path certificate;  // its own, then those between it and the root; empty: no TLS
  std::filesystem::path key;
  std::filesystem::path client_ca;  // not empty: clients must show a certificate that it signed

  // INVALID_ARGUMENT for a certificate without key, a key without certificate, a client CA without
  // them. Looks at no file. The message begins with the option's name.
  absl::Status Validate() const;
};

// Validates, and reads the files. One line that names the file and what is wrong: NOT_FOUND,
// INVALID_ARGUMENT, or FAILED_PRECONDITION for a certificate that is expired or not valid yet.
absl::Status Check(const ServerTls& tls);

// Credentials that follow the files: a second or two after they were replaced, new connections get
// the new ones; those that are open stay. While a file is missing or empty the last good ones serve
// on; while key and certificate do not fit together, or the CA is no PEM, no connection is
// accepted. Errors of Check. Without a certificate: no TLS.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const ServerTls& tls);

// ------------------------------------------------------------------------------------- the client

struct ClientSecurity {
  std::filesystem::path ca;           // that signed the server's certificate; empty: the system's
  std::filesystem::path certificate;  // shown to a server that asks for one
  std::filesystem::path key;
  std::filesystem::path token_file;  // with the bearer token; empty: none
  bool tls = false;                  // implied by each of the first three

  bool UsesTls() const { return tls || !ca.empty() || !certificate.empty() || !key.empty(); }

  // INVALID_ARGUMENT for a certificate without key or the reverse, and for a token that would cross
  // a network in the clear to `address`. Looks at no file. The message begins with the option's
  // name: tls_cert, tls_key, token_file.
  absl::Status Validate(const Address& address) const;
};

// The token in a file: one line of printable ASCII without spaces, at most 4096 bytes, once the
// white space around it is gone. Errors name the file, and never show what is in it.
absl::StatusOr<std::string> ReadToken(const std::filesystem::path& file);

// Reads the TLS files as they are now. Errors name the file, as those of Check.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(
    const ClientSecurity& security);

// What one connection takes along.
struct ClientCredentials {
  std::shared_ptr<grpc::ChannelCredentials> channel;
  std::string token;  // empty: none
};

// Reads all files of `security` as they are now.
absl::StatusOr<ClientCredentials> ReadClientCredentials(const ClientSecurity& security);

}  // namespace distill
