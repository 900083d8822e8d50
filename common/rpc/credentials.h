// Defines the TLS files and bearer tokens that each side is given, and makes gRPC credentials from
// them. All files are PEM. This header does not include gRPC, so that options structs can hold its
// types.
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
  std::filesystem::path certificate;  // its own, then any intermediate ones; empty: no TLS
  std::filesystem::path key;
  std::filesystem::path client_ca;  // not empty: clients must show a certificate that it signed

  // Returns INVALID_ARGUMENT for a certificate without key, a key without certificate, and a client
  // CA without both. Does not read any file. The message begins with the name of the option.
  absl::Status Validate() const;
};

// Validates, and reads the files. The error is one line that names the file and what is wrong:
// NOT_FOUND, INVALID_ARGUMENT, or FAILED_PRECONDITION for a certificate that is expired or not
// valid yet.
absl::Status Check(const ServerTls& tls);

// Makes credentials that follow the files: a second or two after the files were replaced, new
// connections use the new ones; open connections are kept. While a file is missing or empty, the
// last valid files are used; while key and certificate do not match, or the CA is not PEM, no
// connection is accepted. Errors are those of Check. Without a certificate there is no TLS.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const ServerTls& tls);

// ------------------------------------------------------------------------------------- the client

struct ClientSecurity {
  std::filesystem::path ca;           // that signed the server's certificate; empty: the system's
  std::filesystem::path certificate;  // shown to a server that asks for one
  std::filesystem::path key;
  std::filesystem::path token_file;  // with the bearer token; empty: none
  std::string server_name;           // that its certificate has; empty: the host of the address
  bool tls = false;                  // implied by each of the others except the token

  bool UsesTls() const {
    return tls || !ca.empty() || !certificate.empty() || !key.empty() || !server_name.empty();
  }

  // Returns INVALID_ARGUMENT for a certificate without key or the reverse, and for a token that
  // would be sent unencrypted over a network to `address`. Does not read any file. The message
  // begins with the name of the option: tls_cert, tls_key, token_file.
  absl::Status Validate(const Address& address) const;
};

// Returns the token in a file: one line of printable ASCII without spaces, at most 4096 bytes,
// after trimming white space. Errors name the file, and never contain its content.
absl::StatusOr<std::string> ReadToken(const std::filesystem::path& file);

// Reads the current TLS files. Errors name the file, as those of Check do.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(
    const ClientSecurity& security);

// The credentials of one connection.
struct ClientCredentials {
  std::shared_ptr<grpc::ChannelCredentials> channel;
  std::string token;  // empty: none
};

// Reads the current content of all files of `security`.
absl::StatusOr<ClientCredentials> ReadClientCredentials(const ClientSecurity& security);

}  // namespace distill
