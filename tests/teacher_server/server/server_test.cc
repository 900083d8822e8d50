#include "teacher_server/server/server.h"

#include <gmock/gmock.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/support/byte_buffer.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/base/status_macros.h"
#include "common/contract/starting.h"
#include "tests/teacher_server/server/serving_fixture.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::distill::testing::ClientStream;
using ::distill::testing::ErrorIs;
using ::distill::testing::FakeRunner;
using ::distill::testing::IsOk;
using ::distill::testing::LogitsOf;
using ::distill::testing::OpenMessage;
using ::distill::testing::RequestMessage;
using ::distill::testing::ServingTest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ServerTest : public ServingTest {
 protected:
  absl::StatusOr<std::unique_ptr<TeacherServer>> StartOn(std::vector<std::string> listen) {
    StartBatcher();
    options_.listen = std::move(listen);
    ASSIGN_OR_RETURN(std::unique_ptr<TeacherServer> server,
                     TeacherServer::Start(options_, absl::MakeConstSpan(&name_, 1), metrics_));
    server->Serve({model()});
    return server;
  }

  // grpc.health.v1.Health/Check, on the wire: 1 is SERVING, 2 NOT_SERVING.
  int Health(const std::string& service) {
    const std::string request_bytes =
        service.empty() ? "" : "\x0a" + std::string(1, static_cast<char>(service.size())) + service;
    const grpc::Slice slice(request_bytes);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer response;
    grpc::ClientContext context;
    const grpc::internal::RpcMethod method("/grpc.health.v1.Health/Check",
                                           grpc::internal::RpcMethod::NORMAL_RPC);
    const grpc::Status status =
        grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(
            channel_.get(), method, &context, request, &response);
    grpc::Slice bytes;
    if (!status.ok() || !response.DumpToSingleSlice(&bytes).ok() || bytes.size() != 2) return -1;
    return bytes.begin()[1];
  }
};

TEST_F(ServerTest, OpenedSaysWhatWasGranted) {
  StartServer();
  ClientStream stream(channel_);
  const v1::Opened opened = stream.Open();
  EXPECT_EQ(opened.model().fingerprint(), std::string(64, 'f'));
  EXPECT_EQ(opened.targets().encoding(), v1::TARGET_ENCODING_DENSE_F32);
  EXPECT_EQ(opened.numerics().runner(), "fake");
  EXPECT_EQ(opened.limits().max_request_samples(), options_.limits.max_request_samples);
  EXPECT_EQ(opened.limits().max_message_bytes(), options_.limits.max_message_bytes);
}

TEST_F(ServerTest, ClassesComeInTheOrderOfTheClient) {
  StartServer();
  ClientStream stream(channel_);
  v1::DistillRequest open = OpenMessage();
  for (const char* name : {"cat", "ant", "bee"}) open.mutable_open()->add_class_names(name);
  stream.Open(open);
  stream.Send(RequestMessage(1, 1, 4));
  EXPECT_THAT(LogitsOf(*stream.Receive()), ElementsAre(42, 40, 41));
}

TEST_F(ServerTest, HealthFollowsTheDrain) {
  StartServer();
  EXPECT_EQ(Health(""), 1);
  EXPECT_EQ(Health("distill.v1.Teacher"), 1);
  runner_.Hold();
  ClientStream stream(channel_);
  stream.Open();
  stream.Send(RequestMessage(1));
  runner_.WaitForBatches(1);
  std::thread drain([this] { EXPECT_THAT(server_->Drain(absl::Minutes(1)), IsOk()); });
  ASSERT_TRUE(stream.Receive()->has_draining());
  EXPECT_EQ(Health(""), 2);
  EXPECT_EQ(Health("distill.v1.Teacher"), 2);
  runner_.Release();
  drain.join();
}

TEST_F(ServerTest, PortZeroBecomesTheRealOne) {
  const auto server = StartOn({"127.0.0.1:0"});
  ASSERT_THAT(server, IsOk());
  ASSERT_EQ((*server)->addresses().size(), 1u);
  const std::string& address = (*server)->addresses()[0];
  EXPECT_THAT(address, StartsWith("127.0.0.1:"));
  EXPECT_NE(address, "127.0.0.1:0");
  channel_ = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  ExpectServes();
}

TEST_F(ServerTest, ServesOnEveryAddress) {
  const auto server = StartOn({"127.0.0.1:0", address()});
  ASSERT_THAT(server, IsOk());
  for (const std::string& each : (*server)->addresses()) {
    channel_ = grpc::CreateChannel(each, grpc::InsecureChannelCredentials());
    ExpectServes();
  }
}

TEST_F(ServerTest, ASecondServerOnAUnixSocketIsRefusedAndTheFirstServesOn) {
  StartServer();
  EXPECT_THAT(StartOn({address()}), ErrorIs(absl::StatusCode::kFailedPrecondition,
                                            HasSubstr(address() + ": address in use")));
  ExpectServes();
  channel_ = Connect();
  ExpectServes();
}

TEST_F(ServerTest, ASecondServerOnAPortIsRefused) {
  const auto first = StartOn({"127.0.0.1:0"});
  ASSERT_THAT(first, IsOk());
  const std::string taken = (*first)->addresses()[0];
  EXPECT_THAT(StartOn({taken}), ErrorIs(absl::StatusCode::kFailedPrecondition,
                                        HasSubstr(taken + ": address in use")));
  channel_ = grpc::CreateChannel(taken, grpc::InsecureChannelCredentials());
  ExpectServes();
}

TEST_F(ServerTest, UntilTheModelsAreLoadedClientsAreToldThatItStarts) {
  StartBatcher();
  options_.listen = {address()};
  auto server = TeacherServer::Start(options_, absl::MakeConstSpan(&name_, 1), metrics_);
  ASSERT_THAT(server, IsOk());
  channel_ = Connect();
  const std::string of_model = absl::StrCat("distill.v1.Teacher/", name_);
  for (const std::string& service : {std::string(), std::string("distill.v1.Teacher"), of_model}) {
    EXPECT_EQ(Health(service), 2) << service;
  }
  ClientStream early(channel_);
  early.Send(OpenMessage());
  const grpc::Status status = early.Finish();
  EXPECT_EQ(status.error_code(), grpc::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), kServerStarting);

  (*server)->Serve({model()});
  for (const std::string& service : {std::string(), std::string("distill.v1.Teacher"), of_model}) {
    EXPECT_EQ(Health(service), 1) << service;
  }
  ExpectServes();
}

TEST_F(ServerTest, EachModelIsReachedByItsNameAndHasAHealthOfItsOwn) {
  FakeRunner other;
  other.mutable_info().name = "other";
  other.mutable_info().classes = 7;
  other.mutable_info().class_names.clear();
  Runner* runner = &other;
  Batcher batcher(batcher_options_, absl::MakeConstSpan(&runner, 1), Clock::Real());
  StartBatcher();
  const std::vector<std::string> names = {"fake", "other"};
  Metrics metrics(names);
  options_.listen = {address()};
  auto server = TeacherServer::Start(options_, names, metrics);
  ASSERT_THAT(server, IsOk());
  (*server)->Serve({model(), {other.info(), other.numerics(), &batcher}});
  channel_ = Connect();

  for (const auto& [name, classes] : {std::pair{"", 3}, {"fake", 3}, {"other", 7}}) {
    ClientStream stream(channel_);
    v1::DistillRequest open = OpenMessage();
    open.mutable_open()->set_model(name);
    EXPECT_EQ(stream.Open(open).model().classes(), classes);
    stream.Send(RequestMessage(1));
    EXPECT_EQ(stream.Receive()->targets().classes(), classes);
    stream.HalfClose();
    EXPECT_TRUE(stream.Finish().ok());
  }
  ClientStream stranger(channel_);
  v1::DistillRequest open = OpenMessage();
  open.mutable_open()->set_model("third");
  stranger.Send(open);
  const grpc::Status status = stranger.Finish();
  EXPECT_EQ(status.error_code(), grpc::NOT_FOUND);
  EXPECT_THAT(status.error_message(), HasSubstr("'fake', 'other'"));

  EXPECT_EQ(Health("distill.v1.Teacher/other"), 1);
  EXPECT_EQ(Health("distill.v1.Teacher/third"), -1);
  server->reset();
  EXPECT_THAT(metrics.Text(), HasSubstr("distill_samples_total{model=\"fake\"} 2"));
  EXPECT_THAT(metrics.Text(), HasSubstr("distill_samples_total{model=\"other\"} 1"));
  EXPECT_THAT(metrics.Text(), HasSubstr("distill_in_flight_bytes 0"));
}

TEST_F(ServerTest, OneAddressThatCannotBeHadStartsNothing) {
  const auto first = StartOn({"127.0.0.1:0"});
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(StartOn({address(), (*first)->addresses()[0]}),
              ErrorIs(absl::StatusCode::kFailedPrecondition, HasSubstr("address in use")));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "teacher.sock"));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "teacher.sock.lock"));
  StartServer();
  ExpectServes();
}

TEST_F(ServerTest, AnAddressOfAnotherMachineIsNamedWithTheReason) {
  options_.allow_insecure = true;
  EXPECT_THAT(StartOn({"192.0.2.1:4000"}),
              ErrorIs(absl::StatusCode::kInternal,
                      HasSubstr("192.0.2.1:4000: Cannot assign requested address")));
}

TEST_F(ServerTest, ItsSocketIsRemovedAtTheEnd) {
  StartServer();
  server_.reset();
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path()));
}

}  // namespace
}  // namespace distill
