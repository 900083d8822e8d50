#include "teacher_server/server/check_health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <thread>
#include <utility>

#include "tests/teacher_server/server/serving_fixture.h"
#include "tests/testing/certificates.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::distill::testing::CertificateFiles;
using ::distill::testing::Certificates;
using ::distill::testing::ClientStream;
using ::distill::testing::ErrorIs;
using ::distill::testing::IsOk;
using ::distill::testing::RequestMessage;
using ::distill::testing::ServingTest;
using ::distill::testing::StatusIs;
using ::distill::testing::TempDir;
using ::distill::testing::WriteCertificates;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class CheckHealthTest : public ServingTest {
 protected:
  absl::Status Check() { return CheckHealth(address(), {}, absl::Minutes(1)); }

  // The address of a server on TCP.
  std::string ServeWithTls(const CertificateFiles& files) {
    StartBatcher();
    options_.listen = {"127.0.0.1:0"};
    options_.tls = {.certificate = files.certificate, .key = files.key};
    auto server = TeacherServer::Start(options_, absl::MakeConstSpan(&name_, 1), metrics_);
    EXPECT_THAT(server, IsOk());
    server_ = *std::move(server);
    server_->Serve({model()});
    return server_->addresses().front();
  }
};

TEST_F(CheckHealthTest, AServerThatServesIsHealthyAndOneThatDrainsIsNot) {
  runner_.Hold();
  StartServer();
  EXPECT_THAT(Check(), IsOk());
  ClientStream stream(channel_);
  stream.Open();
  stream.Send(RequestMessage(1));
  runner_.WaitForBatches(1);
  std::thread drain([this] { EXPECT_THAT(server_->Drain(absl::Minutes(1)), IsOk()); });
  EXPECT_TRUE(stream.Receive()->has_draining());
  EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kUnavailable,
                                AllOf(HasSubstr(address()), HasSubstr("NOT_SERVING"))));
  runner_.Release();
  drain.join();
}

TEST_F(CheckHealthTest, AServerThatCannotBeReachedIsNamed) {
  EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr(address())));
}

TEST_F(CheckHealthTest, WhatHelpsAgainstAServerWithTlsIsNamed) {
  const TempDir dir;
  const Certificates pki = WriteCertificates(dir / "pki");
  const Certificates foreign = WriteCertificates(dir / "foreign");
  const std::string address = ServeWithTls(pki.server);
  const auto refused = [&address](const ClientSecurity& security, const auto& words) {
    EXPECT_THAT(CheckHealth(address, security, absl::Minutes(1)),
                ErrorIs(absl::StatusCode::kUnavailable, AllOf(HasSubstr(address), words)));
  };
  EXPECT_THAT(CheckHealth(address, {.ca = pki.ca}, absl::Minutes(1)), IsOk());
  refused({}, HasSubstr("Socket closed; a server that wants TLS closes connections without it: set "
                        "`tls_ca`"));
  refused({.ca = foreign.ca}, HasSubstr("certificate verify failed; set `tls_ca`"));
  refused({.ca = pki.ca, .server_name = "other"},
          AllOf(HasSubstr("; connect by a name that the certificate has, or set `tls_server_name`"),
                HasSubstr("; the certificate is for localhost, 127.0.0.1")));
}

TEST_F(CheckHealthTest, TheProxyIsNamedWithoutItsPassword) {
  for (const char* name : {"grpc_proxy", "https_proxy", "no_grpc_proxy", "no_proxy", "NO_PROXY"}) {
    ::unsetenv(name);
  }
  ::setenv("http_proxy", "http://user:secret@127.0.0.1:9", 1);
  EXPECT_THAT(CheckHealth("gpu.test:1", {}, absl::Minutes(1)),
              ErrorIs(absl::StatusCode::kUnavailable,
                      AllOf(HasSubstr("gpu.test:1 does not report its health through the proxy of "
                                      "http_proxy=http://127.0.0.1:9: "),
                            Not(HasSubstr("secret")))));
  ::unsetenv("http_proxy");
}

TEST_F(CheckHealthTest, AZoneThatThisMachineLacksIsNamedAtOnce) {
  EXPECT_THAT(CheckHealth("[fe80::1%nope0]:1", {}, absl::Minutes(1)),
              ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("is 'nope0'; must be")));
}

TEST_F(CheckHealthTest, ATextThatIsNotAnAddressIsRefused) {
  EXPECT_THAT(CheckHealth("nowhere", {}, absl::Minutes(1)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'nowhere'")));
}

}  // namespace
}  // namespace distill
