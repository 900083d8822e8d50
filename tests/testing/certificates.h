// Certificates for tests, made with OpenSSL: an authority, and what it signed.
//   const Certificates pki = WriteCertificates(folder.path());
// Another call for another folder gives an authority that knows nothing of the first: a foreign
// one.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace distill::testing {

struct CertificateFiles {
  std::filesystem::path certificate;
  std::filesystem::path key;
};

struct Certificates {
  std::filesystem::path ca;
  CertificateFiles server;   // of localhost and 127.0.0.1
  CertificateFiles client;   // of "student"
  CertificateFiles expired;  // as the server's, but its time is over
  CertificateFiles future;   // as the server's, but its time is to come
};

namespace internal {

inline void Require(bool done, const std::string& what) {
  if (!done) throw std::runtime_error("OpenSSL: " + what);
}

struct Identity {
  std::shared_ptr<X509> certificate;
  std::shared_ptr<EVP_PKEY> key;
};

inline void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  Require(extension != nullptr, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

constexpr int64_t kDay = 24 * 60 * 60;

inline int64_t NextSerial() {
  static int64_t serial = 0;
  return ++serial;
}

// Valid for so many days from so many days on. Without an issuer: an authority.
inline Identity Issue(const std::string& name, const Identity* issuer, int64_t first_day = -1,
                      int64_t days = 30) {
  Identity made{{X509_new(), X509_free}, {EVP_EC_gen("P-256"), EVP_PKEY_free}};
  Require(made.key != nullptr, "no key");
  X509* certificate = made.certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), NextSerial());
  X509_gmtime_adj(X509_getm_notBefore(certificate), first_day * kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate), (first_day + days) * kDay);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_pubkey(certificate, made.key.get());
  const Identity& signer = issuer == nullptr ? made : *issuer;
  X509_set_issuer_name(certificate, X509_get_subject_name(signer.certificate.get()));
  if (issuer == nullptr) {
    AddExtension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
    AddExtension(certificate, certificate, NID_key_usage, "critical,keyCertSign");
  } else {
    AddExtension(certificate, signer.certificate.get(), NID_subject_alt_name,
                 name == "localhost" ? "DNS:localhost,IP:127.0.0.1" : "DNS:" + name);
  }
  Require(X509_sign(certificate, signer.key.get(), EVP_sha256()) > 0, "cannot sign");
  return made;
}

inline void WithFile(const std::filesystem::path& path, const auto& write) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  Require(file != nullptr && write(file) == 1 && std::fclose(file) == 0, path.string());
}

inline CertificateFiles Write(const std::filesystem::path& folder, const std::string& name,
                              const Identity& identity) {
  CertificateFiles files{folder / (name + ".crt"), folder / (name + ".key")};
  WithFile(files.certificate,
           [&](std::FILE* f) { return PEM_write_X509(f, identity.certificate.get()); });
  WithFile(files.key, [&](std::FILE* f) {
    return PEM_write_PrivateKey(f, identity.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return files;
}

}  // namespace internal

// Makes the folder if there is none. Throws where something cannot be made.
inline Certificates WriteCertificates(const std::filesystem::path& folder) {
  using internal::Issue;
  using internal::Write;
  std::filesystem::create_directories(folder);
  // A name of its own, or OpenSSL would take one authority for another and fail with other words.
  const std::string name = "test authority " + std::to_string(internal::NextSerial());
  const internal::Identity ca = Issue(name, nullptr);
  return {.ca = Write(folder, "ca", ca).certificate,
          .server = Write(folder, "server", Issue("localhost", &ca)),
          .client = Write(folder, "client", Issue("student", &ca)),
          .expired = Write(folder, "expired", Issue("localhost", &ca, -30, 20)),
          .future = Write(folder, "future", Issue("localhost", &ca, 10, 20))};
}

// A new key behind a passphrase.
inline std::filesystem::path WriteEncryptedKey(const std::filesystem::path& path) {
  const std::shared_ptr<EVP_PKEY> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const unsigned char passphrase[] = "secret";
  internal::WithFile(path, [&](std::FILE* f) {
    return PEM_write_PrivateKey(f, key.get(), EVP_aes_256_cbc(), passphrase, 6, nullptr, nullptr);
  });
  return path;
}

}  // namespace distill::testing
