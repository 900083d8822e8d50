#include "common/rpc/connect_errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kRemote[] = "gpu.test:1";
constexpr char kSocket[] = "unix:/x/t.sock";

absl::Status Unreachable(const std::string& reason) {
  return absl::UnavailableError("failed to connect to all addresses; last error: " + reason);
}

// Sets http_proxy while it lives, in this process.
class HttpProxy {
 public:
  explicit HttpProxy(const char* value) {
    for (const char* name :
         {"grpc_proxy", "https_proxy", "no_grpc_proxy", "no_proxy", "NO_PROXY"}) {
      ::unsetenv(name);
    }
    ::setenv("http_proxy", value, 1);
  }
  ~HttpProxy() { ::unsetenv("http_proxy"); }
  HttpProxy(const HttpProxy&) = delete;
  HttpProxy& operator=(const HttpProxy&) = delete;
};

TEST(ConnectErrorsTest, EachFaultIsKnownByTheWordsOfGrpc) {
  struct Case {
    const char* words;
    const char* address;
    ConnectFault fault;
  };
  const Case cases[] = {
      {"Connection refused", kRemote, ConnectFault::kAbsent},
      {"No such file or directory", kSocket, ConnectFault::kAbsent},
      {"no answer within 4s", kRemote, ConnectFault::kAbsent},
      {"Received http2 header with status: 503", kRemote, ConnectFault::kProxyWithoutServer},
      {"Permission denied", kSocket, ConnectFault::kSocketMode},
      {"Permission denied", kRemote, ConnectFault::kAbsent},
      {"Peer name gpu.test is not in peer certificate", kRemote, ConnectFault::kOtherName},
      {"SSL_ERROR_SSL: error:0A000086:SSL routines::certificate verify failed", kRemote,
       ConnectFault::kUntrusted},
      {"SSL_ERROR_SSL: error:0A00010B:SSL routines::wrong version number", kRemote,
       ConnectFault::kNoTls},
      {"SSL_ERROR_SSL: error:0A000410:SSL routines::handshake failure", kRemote,
       ConnectFault::kHandshake},
      {"Socket closed", kRemote, ConnectFault::kClosed},
      {"Connection reset by peer", kRemote, ConnectFault::kClosed},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(FaultOf(Unreachable(c.words), c.address), c.fault) << c.words << " " << c.address;
  }
}

TEST(ConnectErrorsTest, OnlyAnAbsentServerMayComeLater) {
  EXPECT_TRUE(MayComeLater(ConnectFault::kAbsent));
  EXPECT_TRUE(MayComeLater(ConnectFault::kProxyWithoutServer));
  for (const ConnectFault fault :
       {ConnectFault::kSocketMode, ConnectFault::kOtherName, ConnectFault::kUntrusted,
        ConnectFault::kNoTls, ConnectFault::kHandshake, ConnectFault::kClosed}) {
    EXPECT_FALSE(MayComeLater(fault));
  }
}

TEST(ConnectErrorsTest, TheOptionThatHelpsIsNamed) {
  const HttpProxy none("");
  const auto text = [](const char* words, const ClientSecurity& security) {
    return ConnectErrorText(kRemote, security, Unreachable(words));
  };
  EXPECT_THAT(text("certificate verify failed", {.tls = true}), HasSubstr("; set `tls_ca` to"));
  EXPECT_THAT(text("not in peer certificate", {.tls = true}), HasSubstr("`tls_server_name`"));
  EXPECT_THAT(text("wrong version number", {.tls = true}), HasSubstr("a server without TLS"));
  EXPECT_THAT(text("Socket closed", {}),
              AllOf(HasSubstr("a server that wants TLS"), HasSubstr("`tls_ca`, or `tls`")));
  EXPECT_THAT(text("Socket closed", {.tls = true}), HasSubstr("`tls_cert` and `tls_key`"));
  EXPECT_THAT(text("Socket closed", {.certificate = "c", .key = "k"}),
              HasSubstr("client certificate it does not trust"));
  EXPECT_THAT(ConnectErrorText(kSocket, {}, Unreachable("Permission denied")),
              HasSubstr("; set the server's `socket_mode`"));
  EXPECT_EQ(text("Connection refused", {}),
            ": failed to connect to all addresses; last error: Connection refused");
}

TEST(ConnectErrorsTest, TheProxyIsNamedWithoutItsPasswordWhereItIsUsed) {
  const absl::Status refused = Unreachable("Connection refused");
  {
    const HttpProxy proxy("http://user:secret@p.test:1");
    EXPECT_THAT(ConnectErrorText("gpu.test:1 (192.0.2.7)", {}, refused),
                StartsWith(" through the proxy of http_proxy=http://p.test:1: failed to connect"));
    EXPECT_THAT(ConnectErrorText(kSocket, {}, refused), StartsWith(": failed to connect"));
    EXPECT_THAT(ConnectErrorText("localhost:1", {}, refused), StartsWith(": failed to connect"));
  }
  const HttpProxy proxy("socks5://user:secret@p.test:1");
  EXPECT_THAT(ConnectErrorText(kRemote, {}, refused),
              AllOf(StartsWith(": failed to connect"), Not(HasSubstr("secret")),
                    HasSubstr("; http_proxy=socks5://p.test:1 is not used")));
}

TEST(ConnectErrorsTest, NamesOfACertificateAreAskedForWhereOneIsLackingAlone) {
  EXPECT_EQ(CertificateNamesHint("localhost:1", "", Unreachable("Connection refused")), "");
  // There is no server to ask.
  EXPECT_EQ(CertificateNamesHint(kSocket, "", Unreachable("not in peer certificate")), "");
}

}  // namespace
}  // namespace distill
