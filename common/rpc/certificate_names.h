// What the certificate of a server is for, to explain why it does not fit.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/rpc/address.h"

namespace distill {

// Returns the DNS names and IP addresses (subjectAltName) of the certificate that the server shows,
// which is not verified; empty if it has none, or if there is no TLS server there within the time.
// `ip`: as of DialTargetOf.
std::vector<std::string> CertificateNames(const Address& address, const std::string& ip,
                                          absl::Duration timeout);

}  // namespace distill
