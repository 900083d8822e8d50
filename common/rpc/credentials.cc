#include "common/rpc/credentials.h"

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/byte_order_mark.h"
#include "common/base/check.h"
#include "common/base/files.h"
#include "common/base/status_macros.h"
#include "common/rpc/pem_files.h"
#include "common/rpc/plain_text.h"

namespace distill {
namespace {

constexpr unsigned kRefreshSeconds = 1;
constexpr size_t kMaxTokenBytes = 4096;

// The names in these messages are those of the programs' options.
absl::Status Needs(absl::string_view field, const std::filesystem::path& value,
                   absl::string_view lacking) {
  return absl::InvalidArgumentError(absl::StrCat(Field(field), " ", value.string(),
                                                 ": it is given without ", lacking, "; give both"));
}

absl::Status CheckPaired(const std::filesystem::path& certificate,
                         const std::filesystem::path& key) {
  if (certificate.empty() && !key.empty()) return Needs("tls_key", key, Field("tls_cert"));
  if (!certificate.empty() && key.empty()) return Needs("tls_cert", certificate, Field("tls_key"));
  return absl::OkStatus();
}

}  // namespace

absl::Status ServerTls::Validate() const {
  RETURN_IF_ERROR(CheckPaired(certificate, key));
  if (client_ca.empty() || !certificate.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(Field("tls_client_ca"), " ", client_ca.string(),
                                                 ": it is given without ", Field("tls_cert"),
                                                 " and ", Field("tls_key"), "; give all three"));
}

absl::Status Check(const ServerTls& tls) {
  RETURN_IF_ERROR(tls.Validate());
  if (tls.certificate.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const PemFile certificate, ReadPemFile(tls.certificate));
  ASSIGN_OR_RETURN(const PemFile key, ReadPemFile(tls.key));
  RETURN_IF_ERROR(CheckIdentity(certificate, key));
  if (tls.client_ca.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const PemFile client_ca, ReadPemFile(tls.client_ca));
  return CheckCertificateAuthorities(client_ca);
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const ServerTls& tls) {
  RETURN_IF_ERROR(Check(tls));
  if (tls.certificate.empty()) return grpc::InsecureServerCredentials();
  auto files = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      tls.key.string(), tls.certificate.string(), tls.client_ca.string(), kRefreshSeconds);
  grpc::experimental::TlsServerCredentialsOptions options(std::move(files));
  options.watch_identity_key_cert_pairs();
  if (tls.client_ca.empty()) {
    options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  } else {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(options);
}

absl::Status ClientSecurity::Validate(const Address& address) const {
  RETURN_IF_ERROR(CheckPaired(certificate, key));
  if (!token_file.empty() && !UsesTls() && !IsLoopback(address)) {
    return absl::InvalidArgumentError(absl::StrCat(
        Field("token_file"), " ", token_file.string(), ": a token is not sent in the clear to ",
        address.ToString(), "; use TLS, a loopback address or a unix: socket"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadToken(const std::filesystem::path& file) {
  ASSIGN_OR_RETURN(const std::string contents, ReadFile(file));
  const absl::string_view token = absl::StripAsciiWhitespace(WithoutByteOrderMark(contents));
  const auto refuse = [&file](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("token file ", file.string(), ": ", why,
                     "; write one line, of printable ASCII without spaces"));
  };
  if (token.empty()) return refuse("it holds no token");
  if (const std::string why = WhyNotUtf8(contents); !why.empty()) return refuse(why);
  if (const std::string why = WhatIsInvisible(token); !why.empty()) return refuse(why);
  if (token.size() > kMaxTokenBytes) {
    return refuse(absl::StrCat("the token has more than ", kMaxTokenBytes, " bytes"));
  }
  if (!std::all_of(token.begin(), token.end(), absl::ascii_isgraph)) {
    return refuse("the token has a character that none may have");
  }
  return std::string(token);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(
    const ClientSecurity& security) {
  RETURN_IF_ERROR(CheckPaired(security.certificate, security.key));
  if (!security.UsesTls()) return grpc::InsecureChannelCredentials();
  // gRPC gets the content that was checked instead of the files, which may be replaced in between.
  grpc::SslCredentialsOptions options;
  if (!security.ca.empty()) {
    ASSIGN_OR_RETURN(PemFile ca, ReadPemFile(security.ca));
    RETURN_IF_ERROR(CheckCertificateAuthorities(ca));
    options.pem_root_certs = std::move(ca.contents);
  }
  if (!security.certificate.empty()) {
    ASSIGN_OR_RETURN(PemFile certificate, ReadPemFile(security.certificate));
    ASSIGN_OR_RETURN(PemFile key, ReadPemFile(security.key));
    RETURN_IF_ERROR(CheckIdentity(certificate, key));
    options.pem_cert_chain = std::move(certificate.contents);
    options.pem_private_key = std::move(key.contents);
  }
  return grpc::SslCredentials(options);
}

absl::StatusOr<ClientCredentials> ReadClientCredentials(const ClientSecurity& security) {
  ClientCredentials credentials;
  ASSIGN_OR_RETURN(credentials.channel, MakeChannelCredentials(security));
  if (!security.token_file.empty()) {
    ASSIGN_OR_RETURN(credentials.token, ReadToken(security.token_file));
  }
  return credentials;
}

}  // namespace distill
