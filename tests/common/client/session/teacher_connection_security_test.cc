// TLS and bearer tokens, as a client's streams use them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/files.h"
#include "tests/common/client/session/client_fixture.h"
#include "tests/testing/certificates.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class SecurityTest : public ClientTest {
 protected:
  void ServeWithTls() { ServeWithTls(pki_.server, {}); }
  void ServeWithTls(const CertificateFiles& server, const std::filesystem::path& client_ca) {
    teacher_.Kill();
    FakeTeacherOptions options = teacher_.options();
    options.tls = {server.certificate, server.key, client_ca};
    teacher_.SetOptions(options);
    teacher_.Start();
  }

  TeacherClientOptions With(const ClientSecurity& security) const {
    TeacherClientOptions options = ClientOptions(teacher_.address());
    options.security = security;
    return options;
  }

  // Tries once: for ends that a client would try to get over.
  TeacherClientOptions Hasty(const ClientSecurity& security) const {
    TeacherClientOptions options = With(security);
    options.backoff = {.initial = absl::Hours(1), .max = absl::Hours(1)};
    return options;
  }

  absl::Status ConnectError(const TeacherClientOptions& options) {
    return TeacherClient::Connect(options, Clock::Real()).status();
  }

  void WaitForStatus(const std::string& part) const {
    Await([&] { return absl::StrContains(client_->status().message(), part); },
          absl::StrCat("the client's status has '", part, "'"));
  }

  std::filesystem::path Write(const std::string& name, const std::string& contents) const {
    EXPECT_THAT(WriteFileAtomically(dir_ / name, contents), IsOk());
    return dir_ / name;
  }

  const TempDir dir_;
  const Certificates pki_ = WriteCertificates(dir_ / "pki");
  const Certificates foreign_ = WriteCertificates(dir_ / "foreign");
};

TEST_F(SecurityTest, AServerOfTheRightAuthorityIsSpokenTo) {
  ServeWithTls();
  Connect(With({.ca = pki_.ca}));
  ASSERT_THAT(Send(0, 3), IsOk());
  ExpectAnswered(0, 3);
}

TEST_F(SecurityTest, AServerThatCannotBeTrustedIsToldAtOnce) {
  ServeWithTls();
  const auto refused = StatusIs(absl::StatusCode::kUnavailable,
                                AllOf(HasSubstr("cannot reach a teacher at " + teacher_.address()),
                                      HasSubstr("the TLS handshake failed"),
                                      HasSubstr("certificate verify failed; set `tls_ca`")));
  EXPECT_THAT(ConnectError(With({.ca = foreign_.ca})), refused);
  EXPECT_THAT(ConnectError(With({.tls = true})), refused);
}

TEST_F(SecurityTest, AServerOfAnotherNameIsToldAtOnce) {
  ServeWithTls(pki_.client, {});
  EXPECT_THAT(ConnectError(With({.ca = pki_.ca})),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("the TLS handshake failed"),
                             HasSubstr("localhost is not in peer certificate"))));
}

TEST_F(SecurityTest, AnIpOfAHostMustHaveTheCertificateOfTheHost) {
  FakeTeacherOptions served = {.tls = {pki_.server.certificate, pki_.server.key, {}},
                               .host = "127.0.0.2"};
  FakeTeacher teacher(served);
  teacher.Start();
  TeacherClientOptions options = ClientOptions(absl::StrCat("localhost:", teacher.port()));
  options.ip = "127.0.0.2";  // which is not in the certificate
  options.security.ca = pki_.ca;
  EXPECT_THAT(ConnectError(options), IsOk());
  options.address = absl::StrCat("teachers.test:", teacher.port());
  EXPECT_THAT(ConnectError(options),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr(options.address + " (127.0.0.2)"),
                             HasSubstr("teachers.test is not in peer certificate"),
                             HasSubstr("`tls_server_name`"),
                             HasSubstr("the certificate is for localhost, 127.0.0.1"))));
}

TEST_F(SecurityTest, TheNameOfTheCertificateMayBeGiven) {
  FakeTeacherOptions served = {.tls = {pki_.server.certificate, pki_.server.key, {}},
                               .host = "127.0.0.2"};
  FakeTeacher teacher(served);
  teacher.Start();
  TeacherClientOptions options = ClientOptions(absl::StrCat("127.0.0.2:", teacher.port()));
  options.security.ca = pki_.ca;
  EXPECT_THAT(ConnectError(options), StatusIs(absl::StatusCode::kUnavailable));
  options.security.server_name = "localhost";
  EXPECT_THAT(ConnectError(options), IsOk());
  options.security.server_name = "other";
  EXPECT_THAT(ConnectError(options), StatusIs(absl::StatusCode::kUnavailable,
                                              HasSubstr("other is not in peer certificate")));
}

TEST_F(SecurityTest, OnlyOneSideWithTlsIsSaid) {
  EXPECT_THAT(ConnectError(With({.ca = pki_.ca})),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("the TLS handshake failed"),
                             HasSubstr("; a server without TLS answers so"))));
  ServeWithTls();
  EXPECT_THAT(ConnectError(Hasty({})),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("a server that wants TLS")));
}

TEST_F(SecurityTest, AServerThatAsksForCertificatesTakesThoseOfItsAuthorityAlone) {
  ServeWithTls(pki_.server, pki_.ca);
  EXPECT_THAT(ConnectError(Hasty({.ca = pki_.ca})),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr("a server that wants client certificates")));
  EXPECT_THAT(
      ConnectError(Hasty({pki_.ca, foreign_.client.certificate, foreign_.client.key})),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("client certificate it does not trust")));
  EXPECT_TRUE(teacher_.opens().empty());
  Connect(With({pki_.ca, pki_.client.certificate, pki_.client.key}));
  ASSERT_THAT(Send(0, 3), IsOk());
  ExpectAnswered(0, 3);
}

TEST_F(SecurityTest, TheTokenIsReadAnewForEachStream) {
  const std::filesystem::path file = Write("token", "the-first-token\n");
  Connect(With({.token_file = file}));
  Write("token", "the-second-token\n");
  teacher_.Kill();
  WaitForState(TeacherState::kLost);
  teacher_.Start();
  WaitForState(TeacherState::kConnected);
  EXPECT_EQ(teacher_.opens().front().authorization, "Bearer the-first-token");
  EXPECT_EQ(teacher_.opens().back().authorization, "Bearer the-second-token");
}

TEST_F(SecurityTest, AFileThatCannotBeUsedEndsTheFirstConnectByName) {
  EXPECT_THAT(ConnectError(With({.token_file = dir_ / "none"})),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr((dir_ / "none").string())));
  EXPECT_THAT(ConnectError(With({.ca = pki_.client.key})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(pki_.client.key.string())));
  EXPECT_TRUE(teacher_.opens().empty());
}

TEST_F(SecurityTest, AFileThatIsMissingInTheMiddleIsWaitedFor) {
  const std::filesystem::path file = Write("token", "the-first-token");
  Connect(With({.token_file = file}));
  std::filesystem::remove(file);
  teacher_.Kill();
  teacher_.Start();
  WaitForStatus("cannot connect again to the teacher at " + teacher_.address());
  EXPECT_THAT(client_->status(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr(file.string())));
  Write("token", "the-second-token");
  WaitForState(TeacherState::kConnected);
}

TEST_F(SecurityTest, ACertificateThatIsNotTrustedInTheMiddleIsWaitedFor) {
  ServeWithTls();
  const std::filesystem::path ca = Write("ca.crt", *ReadFile(pki_.ca));
  Connect(With({.ca = ca}));
  ServeWithTls(foreign_.server, {});
  WaitForStatus("the TLS handshake failed");
  EXPECT_EQ(client_->state(), TeacherState::kLost);
  Write("ca.crt", *ReadFile(foreign_.ca));
  WaitForState(TeacherState::kConnected);
}

TEST_F(SecurityTest, ATokenThatIsRefusedEndsTheRunInTheServersWords) {
  const TeacherClientOptions options = With({.token_file = Write("token", "the-first-token")});
  const auto refused =
      StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("the token is not known"));
  teacher_.RefuseOpens(absl::UnauthenticatedError("the token is not known"));
  EXPECT_THAT(ConnectError(options), refused);
  EXPECT_EQ(teacher_.opens().size(), 1u);

  teacher_.RefuseOpens(absl::OkStatus());
  Connect(options);
  teacher_.RefuseOpens(absl::UnauthenticatedError("the token is not known"));
  teacher_.Kill();
  teacher_.Start();
  WaitForState(TeacherState::kFailed);
  EXPECT_THAT(client_->status(), refused);
}

TEST_F(SecurityTest, ATokenInTheClearIsRefusedBeforeConnecting) {
  TeacherClientOptions options = With({.token_file = dir_ / "none"});
  options.address = "192.0.2.1:1";
  EXPECT_THAT(TeacherClient::Connect(options, Clock::Real()).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("`token_file`"), HasSubstr("192.0.2.1:1"))));
}

}  // namespace
}  // namespace distill::testing
