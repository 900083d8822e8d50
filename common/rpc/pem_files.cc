#include "common/rpc/pem_files.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/files.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

template <auto kFree>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;

absl::Status Wrong(const PemFile& file, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(file.path.string(), ": ", what));
}

Bio Open(const PemFile& file) {
  return Bio(BIO_new_mem_buf(file.contents.data(), static_cast<int>(file.contents.size())));
}

// Returns the reason of the last OpenSSL failure and empties the error queue of this thread.
std::string Reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  std::string text = reason == nullptr ? "unknown error" : reason;
  ERR_clear_error();
  return text;
}

bool NothingMoreToRead() {
  const auto error = ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

absl::StatusOr<std::vector<Certificate>> ReadCertificates(const PemFile& file) {
  const Bio bio = Open(file);
  std::vector<Certificate> certificates;
  ERR_clear_error();
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(certificate);
  }
  if (!NothingMoreToRead()) {
    return Wrong(file, absl::StrCat("certificate ", certificates.size() + 1,
                                    " in it cannot be read: ", Reason()));
  }
  ERR_clear_error();
  if (certificates.empty()) return Wrong(file, "it holds no PEM certificate");
  return certificates;
}

absl::StatusOr<Key> ReadKey(const PemFile& file) {
  // Without a callback, OpenSSL would ask for a passphrase on the terminal.
  bool encrypted = false;
  const auto refuse = [](char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
  };
  const Bio bio = Open(file);
  ERR_clear_error();
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse, &encrypted));
  if (key != nullptr) return key;
  const std::string reason = Reason();
  if (encrypted) return Wrong(file, "the key is encrypted; store it without a passphrase");
  if (!absl::StrContains(file.contents, "PRIVATE KEY-----")) {
    return Wrong(file, "it holds no PEM private key");
  }
  return Wrong(file, absl::StrCat("the private key cannot be read: ", reason));
}

std::string Print(const ASN1_TIME* time) {
  const Bio bio(BIO_new(BIO_s_mem()));
  ASN1_TIME_print(bio.get(), time);
  char* text = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<size_t>(size));
}

absl::Status CheckValidNow(const PemFile& file, const X509& certificate) {
  const ASN1_TIME* begin = X509_get0_notBefore(&certificate);
  const ASN1_TIME* end = X509_get0_notAfter(&certificate);
  if (X509_cmp_current_time(begin) > 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        file.path.string(), ": the certificate is not valid yet, but from ", Print(begin)));
  }
  if (X509_cmp_current_time(end) < 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(file.path.string(), ": the certificate expired on ", Print(end)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PemFile> ReadPemFile(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(std::string contents, ReadFile(path));
  return PemFile{path, std::move(contents)};
}

absl::Status CheckCertificateAuthorities(const PemFile& file) {
  return ReadCertificates(file).status();
}

absl::Status CheckIdentity(const PemFile& certificate, const PemFile& key) {
  ASSIGN_OR_RETURN(const std::vector<Certificate> chain, ReadCertificates(certificate));
  ASSIGN_OR_RETURN(const Key private_key, ReadKey(key));
  ERR_clear_error();
  if (X509_check_private_key(chain[0].get(), private_key.get()) != 1) {
    ERR_clear_error();
    return Wrong(key, absl::StrCat("the key does not belong to the certificate in ",
                                   certificate.path.string()));
  }
  return CheckValidNow(certificate, *chain[0]);
}

}  // namespace distill
