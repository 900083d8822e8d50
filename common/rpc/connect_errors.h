// Why a connection to a server could not be made, in words for the user that set it up. The trainer
// and the server's health check both report it so.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/rpc/credentials.h"

namespace distill {

// What gRPC's words for a failed connection show.
enum class ConnectFault {
  kAbsent,              // no more than that: perhaps the server is not there, or not yet
  kProxyWithoutServer,  // a reverse proxy answers for a server that is not up: 502, 503 or 504
  kSocketMode,          // a Unix socket that this user may not write to
  kOtherName,           // the certificate is for other names than the address
  kUntrusted,  // no authority that is trusted has signed the certificate, or it has expired
  kNoTls,      // the server has no TLS
  kHandshake,  // the TLS handshake failed in another way
  kClosed,     // the server closed the connection, as one does that it does not want
};

// `address`: as of the user, perhaps with an IP address in parentheses behind it.
ConnectFault FaultOf(const absl::Status& end, absl::string_view address);

// Whether a server that is started later, or a longer wait, may help.
bool MayComeLater(ConnectFault fault);

bool IsProxyWithoutServer(const absl::Status& end);

// Whether the two sides could not agree on TLS: a certificate that is not trusted, expired or of
// another name, or no TLS at all over there. (A handshake that a lost connection cut short is not.)
bool IsTlsRefusal(const absl::Status& end);

// Returns the text that follows the address in an error: " through the proxy of http_proxy=…: the
// TLS handshake failed: REASON; FIX", in which the proxy, the handshake and the fix are there where
// they belong to the case.
std::string ConnectErrorText(absl::string_view address, const ClientSecurity& security,
                             const absl::Status& end);

// Returns "; the certificate is for a.test, b.test" where `end` says that the certificate lacks a
// name, which gRPC says of the name that it lacks alone. It asks the server again, for up to 2 s;
// empty if that does not succeed. `ip`: as of DialTargetOf.
std::string CertificateNamesHint(const std::string& address, const std::string& ip,
                                 const absl::Status& end);

}  // namespace distill
