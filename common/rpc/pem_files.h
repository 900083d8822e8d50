// What a PEM file of certificates or a key holds, checked with OpenSSL before gRPC sees it: gRPC
// says only that a handshake failed. Every error names the file and what is wrong with it.
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

// As ReadFile.
absl::StatusOr<PemFile> ReadPemFile(const std::filesystem::path& path);

// INVALID_ARGUMENT unless it holds one certificate or more, each of them readable.
absl::Status CheckCertificateAuthorities(const PemFile& file);

// What a program shows of itself: a certificate, followed in its file by those between it and the
// root if there are any, and its key. INVALID_ARGUMENT if one cannot be read, if the key is
// encrypted or is not the certificate's; FAILED_PRECONDITION if the certificate is expired or not
// valid yet.
absl::Status CheckIdentity(const PemFile& certificate, const PemFile& key);

}  // namespace distill
