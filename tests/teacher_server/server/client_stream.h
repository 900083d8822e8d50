// A client of the Teacher service that is written in plain protobuf.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>

#include "distill/v1/teacher.grpc.pb.h"
#include "tests/teacher_server/stream/messages.h"

namespace distill::testing {

// One stream. One that hangs fails after a minute.
class ClientStream {
 public:
  explicit ClientStream(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(v1::Teacher::NewStub(channel)) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
    stream_ = stub_->Distill(&context_);
  }

  bool Send(const v1::DistillRequest& message) { return stream_->Write(message); }
  void HalfClose() { stream_->WritesDone(); }
  void Cancel() { context_.TryCancel(); }

  // Nothing once the server has ended the stream.
  std::optional<v1::DistillResponse> Receive() {
    v1::DistillResponse response;
    if (!stream_->Read(&response)) return std::nullopt;
    return response;
  }

  // Reads what is left, and returns how the stream ended.
  grpc::Status Finish() {
    while (Receive().has_value()) {
    }
    return stream_->Finish();
  }

  // Sends an open and expects it to be granted.
  v1::Opened Open(const v1::DistillRequest& open = OpenMessage()) {
    Send(open);
    const auto response = Receive();
    EXPECT_TRUE(response.has_value() && response->has_opened()) << "the open was not granted";
    return response.has_value() ? response->opened() : v1::Opened();
  }

 private:
  const std::unique_ptr<v1::Teacher::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::DistillRequest, v1::DistillResponse>> stream_;
};

}  // namespace distill::testing
