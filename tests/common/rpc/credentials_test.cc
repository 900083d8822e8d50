#include "common/rpc/credentials.h"

#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/files.h"
#include "tests/testing/certificates.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr milliseconds kPatience{20'000};  // for conditions that should become true

class CredentialsTest : public ::testing::Test {
 protected:
  ServerTls Tls(const CertificateFiles& files) const { return {files.certificate, files.key, {}}; }

  std::filesystem::path Write(const std::string& name, const std::string& contents) const {
    EXPECT_THAT(WriteFileAtomically(dir_ / name, contents), IsOk());
    return dir_ / name;
  }

  void Serve(const ServerTls& tls) {
    const auto credentials = MakeServerCredentials(tls);
    ASSERT_TRUE(credentials.ok()) << credentials.status();
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", *credentials, &port_);
    builder.RegisterCallbackGenericService(&service_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }

  // Returns whether a connection with these credentials succeeds, within as many attempts as fit.
  bool Connects(const ClientSecurity& security, milliseconds patience = kPatience) const {
    const auto credentials = MakeChannelCredentials(security);
    EXPECT_TRUE(credentials.ok()) << credentials.status();
    return Channel(*credentials)->WaitForConnected(std::chrono::system_clock::now() + patience);
  }

  // Returns whether the first attempt to connect is refused.
  bool IsRefused(const ClientSecurity& security) const {
    const auto credentials = MakeChannelCredentials(security);
    EXPECT_TRUE(credentials.ok()) << credentials.status();
    const auto channel = Channel(*credentials);
    grpc_connectivity_state state = channel->GetState(/*try_to_connect=*/true);
    while (state == GRPC_CHANNEL_IDLE || state == GRPC_CHANNEL_CONNECTING) {
      channel->WaitForStateChange(state, std::chrono::system_clock::now() + kPatience);
      state = channel->GetState(false);
    }
    return state == GRPC_CHANNEL_TRANSIENT_FAILURE;
  }

  std::shared_ptr<grpc::Channel> Channel(
      const std::shared_ptr<grpc::ChannelCredentials>& credentials) const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
    return grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port_), credentials, arguments);
  }

  const TempDir dir_;
  const Certificates pki_ = WriteCertificates(dir_ / "pki");
  const Certificates foreign_ = WriteCertificates(dir_ / "foreign");
  grpc::CallbackGenericService service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(CredentialsTest, WhatIsWrongWithAServersFilesIsSaidInOneLineThatNamesTheFile) {
  const std::filesystem::path none = dir_ / "none.pem";
  const std::filesystem::path text = Write("text.pem", "no PEM\n");
  const std::filesystem::path broken =
      Write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const std::filesystem::path broken_key =
      Write("broken.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  const std::filesystem::path encrypted = WriteEncryptedKey(dir_ / "encrypted.pem");
  const CertificateFiles& good = pki_.server;
  struct Case {
    ServerTls tls;
    std::filesystem::path file;
    const char* message;
  };
  const Case cases[] = {
      {{none, good.key, {}}, none, "No such file"},
      {{good.certificate, none, {}}, none, "No such file"},
      {{good.certificate, good.key, none}, none, "No such file"},
      {{text, good.key, {}}, text, "holds no PEM certificate"},
      {{good.key, good.key, {}}, good.key, "holds no PEM certificate"},
      {{broken, good.key, {}}, broken, "certificate 1 in it cannot be read"},
      {{good.certificate, text, {}}, text, "holds no PEM private key"},
      {{good.certificate, broken_key, {}}, broken_key, "the private key cannot be read"},
      {{good.certificate, encrypted, {}}, encrypted, "the key is encrypted"},
      {{good.certificate, pki_.client.key, {}}, pki_.client.key, "does not belong to"},
      {Tls(pki_.expired), pki_.expired.certificate, "the certificate expired on"},
      {Tls(pki_.future), pki_.future.certificate, "the certificate is not valid yet"},
      {{good.certificate, good.key, text}, text, "holds no PEM certificate"},
      {{good.certificate, {}, {}}, good.certificate, "without `tls_key`"},
      {{{}, good.key, {}}, good.key, "without `tls_cert`"},
      {{{}, {}, pki_.ca}, pki_.ca, "without `tls_cert` and `tls_key`"},
  };
  for (const Case& c : cases) {
    const std::string message(Check(c.tls).message());
    EXPECT_THAT(message, AllOf(HasSubstr(c.file.string()), HasSubstr(c.message)));
    EXPECT_THAT(message, testing::FollowsGrammar());
    EXPECT_EQ(MakeServerCredentials(c.tls).status(), Check(c.tls));
  }
  EXPECT_THAT(Check(Tls(good)), IsOk());
  EXPECT_THAT(Check({good.certificate, good.key, pki_.ca}), IsOk());
  EXPECT_THAT(Check({}), IsOk());
}

TEST_F(CredentialsTest, AServerIsTrustedThroughItsAuthorityAlone) {
  Serve(Tls(pki_.server));
  EXPECT_TRUE(Connects({.ca = pki_.ca}));
  EXPECT_TRUE(IsRefused({.ca = foreign_.ca}));
  EXPECT_TRUE(IsRefused({.tls = true}));  // the system's authorities do not know it
}

TEST_F(CredentialsTest, AServerWithAClientAuthorityAsksForACertificateOfIt) {
  Serve({pki_.server.certificate, pki_.server.key, pki_.ca});
  EXPECT_TRUE(Connects({pki_.ca, pki_.client.certificate, pki_.client.key}));
  EXPECT_TRUE(IsRefused({.ca = pki_.ca}));
  EXPECT_TRUE(IsRefused({pki_.ca, foreign_.client.certificate, foreign_.client.key}));
  EXPECT_TRUE(IsRefused({}));
}

TEST_F(CredentialsTest, AReplacedClientAuthorityLetsInItsOwnAlone) {
  const std::filesystem::path client_ca = Write("clients.crt", *ReadFile(pki_.ca));
  Serve({pki_.server.certificate, pki_.server.key, client_ca});
  const ClientSecurity own = {pki_.ca, pki_.client.certificate, pki_.client.key};
  ASSERT_TRUE(Connects(own));
  Write("clients.crt", "no PEM");
  while (!IsRefused(own)) {
  }
  EXPECT_TRUE(IsRefused({.ca = pki_.ca}));
  EXPECT_TRUE(IsRefused({}));
  Write("clients.crt", *ReadFile(foreign_.ca));
  EXPECT_TRUE(Connects({pki_.ca, foreign_.client.certificate, foreign_.client.key}));
  EXPECT_TRUE(IsRefused(own));
}

TEST_F(CredentialsTest, ReplacedFilesServeNewConnections) {
  const CertificateFiles now = {Write("now.crt", *ReadFile(pki_.server.certificate)),
                                Write("now.key", *ReadFile(pki_.server.key))};
  Serve(Tls(now));
  ASSERT_TRUE(Connects({.ca = pki_.ca}));

  // In the middle of a rotation no client is accepted until the other half is there, not even
  // without TLS.
  Write("now.crt", *ReadFile(foreign_.server.certificate));
  while (!IsRefused({.ca = pki_.ca})) {
  }
  EXPECT_TRUE(IsRefused({}));
  Write("now.key", *ReadFile(foreign_.server.key));
  EXPECT_TRUE(Connects({.ca = foreign_.ca}));
  EXPECT_TRUE(IsRefused({.ca = pki_.ca}));
}

TEST_F(CredentialsTest, MissingAndEmptyFilesLeaveTheLastGoodOnesInService) {
  const CertificateFiles now = {Write("now.crt", *ReadFile(pki_.server.certificate)),
                                Write("now.key", *ReadFile(pki_.server.key))};
  const std::filesystem::path client_ca = Write("clients.crt", *ReadFile(pki_.ca));
  Serve({now.certificate, now.key, client_ca});
  std::filesystem::remove(now.key);
  Write("now.crt", *ReadFile(foreign_.server.certificate));
  Write("clients.crt", "");
  const CertificateFiles& own = pki_.client;
  EXPECT_FALSE(Connects({foreign_.ca, own.certificate, own.key}, milliseconds(2'500)));  // 2 looks
  EXPECT_TRUE(Connects({pki_.ca, own.certificate, own.key}));
  EXPECT_TRUE(IsRefused({.ca = pki_.ca}));
}

TEST_F(CredentialsTest, TheClientsFilesAreNamedToo) {
  EXPECT_THAT(MakeChannelCredentials({.ca = pki_.server.key}).status(),
              ErrorIs(kInvalid, AllOf(HasSubstr(pki_.server.key.string()),
                                      HasSubstr("holds no PEM certificate"))));
  EXPECT_THAT(
      MakeChannelCredentials({.certificate = pki_.client.certificate, .key = pki_.server.key})
          .status(),
      ErrorIs(kInvalid, HasSubstr(pki_.server.key.string())));
  EXPECT_THAT(ReadClientCredentials({.token_file = dir_ / "none"}).status(),
              ErrorIs(absl::StatusCode::kNotFound, HasSubstr((dir_ / "none").string())));
}

TEST_F(CredentialsTest, ATokenIsOneLineOfPrintableAscii) {
  const std::string longest(4096, 't');
  EXPECT_EQ(*ReadToken(Write("token", "  abc-123_~!\r\n")), "abc-123_~!");
  EXPECT_EQ(*ReadToken(Write("token", longest)), longest);
  for (const std::string& bad :
       {std::string(), std::string(" \n"), std::string("secret one"), std::string("secret\nsecret"),
        std::string("secr\xc3\xa9t"), std::string("secret\0", 7) + "x", longest + "t"}) {
    const std::filesystem::path file = Write("token", bad);
    EXPECT_THAT(ReadToken(file).status(),
                ErrorIs(kInvalid, AllOf(HasSubstr(file.string()), Not(HasSubstr("secr")))))
        << bad;
  }
}

TEST_F(CredentialsTest, WhatAnEditorSavedUnseenWithATokenIsNamed) {
  const auto refused = [&](const std::string& contents) {
    return ReadToken(Write("token", contents)).status();
  };
  EXPECT_THAT(refused(std::string("\xff\xfe"
                                  "t\0o\0k\0",
                                  8)),
              ErrorIs(kInvalid, HasSubstr("it is not UTF-8, but UTF-16; write one line")));
  EXPECT_THAT(refused("token\u200b"),
              ErrorIs(kInvalid, HasSubstr("the invisible character U+200B; write one line")));
}

TEST_F(CredentialsTest, ATokenNeverCrossesANetworkInTheClear) {
  const ClientSecurity token = {.token_file = "/t"};
  const auto valid = [](const ClientSecurity& security, const std::string& address) {
    return security.Validate(*ParseAddress(address));
  };
  EXPECT_THAT(valid(token, "127.0.0.1:1"), IsOk());
  EXPECT_THAT(valid(token, "unix:/s"), IsOk());
  EXPECT_THAT(valid(token, "gpu:1"),
              ErrorIs(kInvalid, AllOf(HasSubstr("`token_file` /t"), HasSubstr("gpu:1"))));
  EXPECT_THAT(valid({.token_file = "/t", .tls = true}, "gpu:1"), IsOk());
  EXPECT_THAT(valid({.ca = "/ca", .token_file = "/t"}, "gpu:1"), IsOk());
  EXPECT_THAT(valid({}, "gpu:1"), IsOk());
  EXPECT_THAT(valid({.certificate = "/c"}, "h:1"), ErrorIs(kInvalid, HasSubstr("/c")));
  EXPECT_THAT(valid({.key = "/k"}, "h:1"), ErrorIs(kInvalid, HasSubstr("/k")));
}

}  // namespace
}  // namespace distill::testing
