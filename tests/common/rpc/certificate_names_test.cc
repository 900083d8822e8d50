#include "common/rpc/certificate_names.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>

#include <thread>

#include "common/base/file_descriptor.h"
#include "tests/testing/certificates.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kPatience = absl::Minutes(1);

// Listens on a port of 127.0.0.1.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    ::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size);
    ::listen(socket_.get(), 1);
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    address_.host = "localhost";
    address_.port = ntohs(address.sin_port);
  }
  const Address& address() const { return address_; }
  FileDescriptor Accept() const {
    return FileDescriptor(::accept(socket_.get(), nullptr, nullptr));
  }

 private:
  FileDescriptor socket_;
  Address address_;
};

TEST(CertificateNamesTest, AreThoseOfACertificateThatNobodyTrusts) {
  const testing::TempDir folder;
  const testing::Certificates pki = testing::WriteCertificates(folder.path());
  const Listener listener;
  std::thread server([&] {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);  // the client closes at once
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate_chain_file(context, pki.server.certificate.c_str());
    SSL_CTX_use_PrivateKey_file(context, pki.server.key.c_str(), SSL_FILETYPE_PEM);
    const FileDescriptor socket = listener.Accept();
    SSL* connection = SSL_new(context);
    SSL_set_fd(connection, socket.get());
    SSL_accept(connection);
    SSL_free(connection);
    SSL_CTX_free(context);
  });
  EXPECT_THAT(CertificateNames(listener.address(), "127.0.0.1", kPatience),
              ElementsAre("localhost", "127.0.0.1"));
  server.join();
}

TEST(CertificateNamesTest, AServerWithoutTlsHasNone) {
  const Listener listener;
  std::thread server([&] { listener.Accept(); });  // and closes
  EXPECT_THAT(CertificateNames(listener.address(), "127.0.0.1", kPatience), IsEmpty());
  server.join();
  EXPECT_THAT(CertificateNames({.kind = Address::Kind::kUnix, .path = "/x"}, "", kPatience),
              IsEmpty());
}

}  // namespace
}  // namespace distill
