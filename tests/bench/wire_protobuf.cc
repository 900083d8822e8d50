// Plain protobuf: the same service with only generated code and the defaults of gRPC, as a
// straightforward program would be written. Tensor bytes are a `bytes` field.
#include <grpcpp/grpcpp.h>

#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "distill/v1/teacher.grpc.pb.h"
#include "tests/bench/wire_side.h"

namespace distill {
namespace {

// The open names an exchange. Answers are prepared in advance, so copying a tensor into its message
// is not measured; TeacherServer does not copy it either.
class Service final : public v1::Teacher::Service {
 public:
  grpc::Status Distill(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<v1::DistillResponse, v1::DistillRequest>* stream) override {
    v1::DistillRequest request;
    v1::DistillResponse answer;
    if (!stream->Read(&request)) return grpc::Status::OK;
    for (const WireExchange& exchange : kWireExchanges) {
      if (request.open().model() != exchange.name) continue;
      answer.mutable_targets()->set_rows(exchange.samples);
      answer.mutable_targets()->set_classes(exchange.classes);
      answer.add_payload(std::string(static_cast<size_t>(exchange.answer_bytes()), 'a'));
    }
    std::string inputs;
    while (stream->Read(&request)) {
      inputs.assign(request.payload(0));  // into the batch
      answer.mutable_targets()->set_id(request.request().id());
      if (!stream->Write(answer)) break;
    }
    return grpc::Status::OK;
  }
};

class ProtobufServer final : public WireServer {
 public:
  absl::Status Start(const std::string& socket, WireAddresses* addresses) {
    int port = 0;
    addresses->unix_socket = absl::StrCat("unix:", socket);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.AddListeningPort(addresses->unix_socket, grpc::InsecureServerCredentials());
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    addresses->tcp = absl::StrCat("127.0.0.1:", port);
    if (server_ != nullptr && port != 0) return absl::OkStatus();
    return absl::InternalError("the plain gRPC server cannot be started");
  }

 private:
  Service service_;
  std::unique_ptr<grpc::Server> server_;
};

absl::StatusOr<std::unique_ptr<WireServer>> Serve(const std::string& socket,
                                                  WireAddresses* addresses) {
  auto server = std::make_unique<ProtobufServer>();
  if (absl::Status status = server->Start(socket, addresses); !status.ok()) return status;
  return std::unique_ptr<WireServer>(std::move(server));
}

class ProtobufClient final : public WireClient {
 public:
  ProtobufClient(const std::string& address, const WireExchange& exchange)
      : stub_(
            v1::Teacher::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()))),
        stream_(stub_->Distill(&context_)),
        targets_(static_cast<size_t>(exchange.answer_bytes()), '\0') {
    request_.mutable_open()->set_model(exchange.name);
    stream_->Write(request_);
    v1::Tensor* tensor = request_.mutable_request()->add_tensors();
    tensor->set_dtype(v1::DTYPE_UINT8);
    tensor->add_shape(exchange.samples);
    tensor->add_shape(exchange.sample_bytes);
    request_.add_payload(std::string(static_cast<size_t>(exchange.request_bytes()), 'r'));
  }
  ~ProtobufClient() override {
    stream_->WritesDone();
    stream_->Finish();
  }

  absl::Status Send() override {
    request_.mutable_request()->set_id(++id_);
    return stream_->Write(request_) ? absl::OkStatus() : absl::InternalError("the stream broke");
  }

  absl::Status Receive() override {
    if (!stream_->Read(&answer_)) return absl::InternalError("the stream broke");
    const std::string& payload = answer_.payload(0);
    if (payload.size() != targets_.size()) return absl::InternalError("a wrong answer");
    std::memcpy(targets_.data(), payload.data(), payload.size());
    return absl::OkStatus();
  }

 private:
  grpc::ClientContext context_;
  const std::unique_ptr<v1::Teacher::Stub> stub_;
  const std::unique_ptr<grpc::ClientReaderWriter<v1::DistillRequest, v1::DistillResponse>> stream_;
  v1::DistillRequest request_;
  v1::DistillResponse answer_;
  std::string targets_;
  uint64_t id_ = 0;
};

absl::StatusOr<std::unique_ptr<WireClient>> Connect(const std::string& address,
                                                    const WireExchange& exchange) {
  return std::make_unique<ProtobufClient>(address, exchange);
}

}  // namespace

const WireSide kWireProtobuf = {"protobuf", Serve, Connect};

}  // namespace distill
