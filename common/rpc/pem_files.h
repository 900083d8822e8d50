// Checks PEM files of certificates and keys with OpenSSL before gRPC uses them, since gRPC reports
// only that a handshake failed. Every error names the file and what is wrong with it.
#pragma once

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace distill {

struct PemFile {
  std::filesystem::path path;
  std::string contents;
};

// Behaves like ReadFile.
absl::StatusOr<PemFile> ReadPemFile(const std::filesystem::path& path);

// Returns INVALID_ARGUMENT unless the file holds one certificate or more, each of them readable.
absl::Status CheckCertificateAuthorities(const PemFile& file);

// Checks the identity that a program presents: a certificate, followed in its file by any
// intermediate ones, and its key. Returns INVALID_ARGUMENT if one cannot be read, the key is
// encrypted or does not belong to the certificate; FAILED_PRECONDITION if the certificate is
// expired or not valid yet.
absl::Status CheckIdentity(const PemFile& certificate, const PemFile& key);

}  // namespace distill
