// A server over a FakeRunner on a Unix socket, and a plain generated gRPC client for it.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "teacher_server/batching/batcher.h"
#include "teacher_server/server/server.h"
#include "tests/teacher_server/server/client_stream.h"
#include "tests/teacher_server/stream/messages.h"
#include "tests/teacher_server/testing/fake_runner.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill::testing {

class ServingTest : public ::testing::Test {
 protected:
  // Call before the first use of the server: changes to runner_, options_ and batcher_options_
  // count until then.
  void StartServer() {
    StartBatcher();
    options_.listen = {address()};
    auto server = TeacherServer::Start(options_, absl::MakeConstSpan(&name_, 1), metrics_);
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
    server_->Serve({model()});
    channel_ = Connect();
  }

  // One for all servers of a test: it must outlive them.
  void StartBatcher() {
    if (batcher_ != nullptr) return;
    batcher_ = std::make_unique<Batcher>(batcher_options_, absl::MakeConstSpan(&any_runner_, 1),
                                         Clock::Real());
  }

  ServedModel model() { return {runner_.info(), runner_.numerics(), batcher_.get()}; }

  void TearDown() override { runner_.Release(); }

  std::string address() const { return "unix:" + (dir_ / "teacher.sock").string(); }

  std::shared_ptr<grpc::Channel> Connect() const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    // Windows that do not grow: what the transport holds is little and known.
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    return grpc::CreateCustomChannel(address(), grpc::InsecureChannelCredentials(), arguments);
  }

  // A fresh stream is opened, answered correctly and ended OK.
  void ExpectServes() {
    ClientStream stream(channel_);
    stream.Open();
    stream.Send(RequestMessage(1, 2, 7));
    const auto answer = stream.Receive();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->targets().id(), 1u);
    EXPECT_EQ(answer->targets().rows(), 2);
    EXPECT_EQ(LogitsOf(*answer), (std::vector<float>{70, 71, 72, 70, 71, 72}));
    stream.HalfClose();
    const grpc::Status status = stream.Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
  }

  const TempDir dir_;
  FakeRunner runner_;
  Runner* any_runner_ = &runner_;
  const std::string name_ = runner_.info().name;
  Metrics metrics_{absl::MakeConstSpan(&name_, 1)};
  BatcherOptions batcher_options_{.rule = {.batch_delay = absl::ZeroDuration()}};
  ServerOptions options_;
  std::unique_ptr<Batcher> batcher_;
  std::unique_ptr<TeacherServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace distill::testing
