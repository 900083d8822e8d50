#include "common/rpc/certificate_names.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "common/base/file_descriptor.h"

namespace distill {
namespace {

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* connection) const { SSL_free(connection); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  void operator()(addrinfo* found) const { ::freeaddrinfo(found); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

// While it exists, writing to a closed connection does not send SIGPIPE to this thread.
class NoBrokenPipe {
 public:
  NoBrokenPipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoBrokenPipe() {
    constexpr timespec kNow{};
    ::sigtimedwait(&pipe_, nullptr, &kNow);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoBrokenPipe(const NoBrokenPipe&) = delete;
  NoBrokenPipe& operator=(const NoBrokenPipe&) = delete;

 private:
  sigset_t pipe_;
  sigset_t before_;
};

FileDescriptor Connect(const Address& address, const std::string& ip, absl::Duration timeout) {
  const std::string& host = ip.empty() ? address.host : ip;
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  if (::getaddrinfo(host.c_str(), absl::StrCat(address.port).c_str(), &wanted, &first) != 0) {
    return FileDescriptor(-1);
  }
  const Owned<addrinfo> found(first);
  FileDescriptor socket(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience = absl::ToTimeval(timeout);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  if (::connect(socket.get(), found->ai_addr, found->ai_addrlen) != 0) return FileDescriptor(-1);
  return socket;
}

// The text of an IP address of 4 or 16 bytes; empty for another length.
std::string IpText(const ASN1_OCTET_STRING& bytes) {
  char text[INET6_ADDRSTRLEN];
  const int length = ASN1_STRING_length(&bytes);
  if (length != 4 && length != 16) return "";
  return ::inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(&bytes), text,
                     sizeof(text));
}

std::vector<std::string> NamesOf(const X509& certificate) {
  std::vector<std::string> result;
  const Owned<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) {
      result.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                          static_cast<size_t>(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      result.push_back(IpText(*name->d.iPAddress));
    }
  }
  return result;
}

}  // namespace

std::vector<std::string> CertificateNames(const Address& address, const std::string& ip,
                                          absl::Duration timeout) {
  if (address.kind == Address::Kind::kUnix) return {};
  const FileDescriptor socket = Connect(address, ip, timeout);
  if (socket.get() < 0) return {};
  const Owned<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
  const Owned<SSL> connection(context == nullptr ? nullptr : SSL_new(context.get()));
  if (connection == nullptr) return {};
  SSL_set_fd(connection.get(), socket.get());
  constexpr unsigned char kHttp2[] = {2, 'h', '2'};  // a server of gRPC wants it
  SSL_set_alpn_protos(connection.get(), kHttp2, sizeof(kHttp2));
  const NoBrokenPipe no_broken_pipe;
  SSL_connect(connection.get());  // a server that wants a certificate fails after it showed its own
  const Owned<X509> certificate(SSL_get1_peer_certificate(connection.get()));
  return certificate == nullptr ? std::vector<std::string>() : NamesOf(*certificate);
}

}  // namespace distill
