// The two columns of teacher.proto's errors, over a real connection: what ends the stream, and what
// is answered per request. After each of them the server serves the next stream correctly.
#include <gmock/gmock.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/support/byte_buffer.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "tests/teacher_server/server/serving_fixture.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::distill::testing::ClientStream;
using ::distill::testing::FollowsGrammar;
using ::distill::testing::LogitsOf;
using ::distill::testing::OpenMessage;
using ::distill::testing::RequestMessage;
using ::distill::testing::ServingTest;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

v1::DistillRequest OpenWith(const std::function<void(v1::Open&)>& change) {
  v1::DistillRequest message = OpenMessage();
  change(*message.mutable_open());
  return message;
}

// ---- What ends the stream.

struct Ending {
  std::string name;
  std::vector<v1::DistillRequest> messages;
  grpc::StatusCode code;
  std::string says;
};

class StreamEndingTest : public ServingTest, public ::testing::WithParamInterface<Ending> {};

TEST_P(StreamEndingTest, EndsTheStreamAndNothingElse) {
  options_.limits.max_message_bytes = 64 << 10;
  runner_.Hold();
  StartServer();
  ClientStream bystander(channel_);
  bystander.Open();

  ClientStream stream(channel_);
  for (const v1::DistillRequest& message : GetParam().messages) stream.Send(message);
  const grpc::Status status = stream.Finish();
  EXPECT_EQ(status.error_code(), GetParam().code) << status.error_message();
  EXPECT_THAT(status.error_message(),
              AllOf(HasSubstr(GetParam().says), Not(HasSubstr(dir_.path().string()))));
  if (!GetParam().says.empty()) {
    EXPECT_THAT(status.error_message(), FollowsGrammar());
  }

  runner_.Release();
  ExpectServes();
  bystander.Send(RequestMessage(1));
  EXPECT_TRUE(bystander.Receive()->has_targets());
}

std::vector<Ending> Endings() {
  v1::DistillRequest oversized = RequestMessage(1, 64 << 10);
  v1::DistillRequest payload_beside_open = OpenMessage();
  payload_beside_open.add_payload("x");
  return {
      {"RequestBeforeOpen", {RequestMessage(1)}, grpc::FAILED_PRECONDITION, "before the open"},
      {"SecondOpen", {OpenMessage(), OpenMessage()}, grpc::FAILED_PRECONDITION, "second open"},
      {"NoKind", {v1::DistillRequest()}, grpc::INVALID_ARGUMENT, "it has no kind"},
      {"IdInFlight",
       {OpenMessage(), RequestMessage(7), RequestMessage(7)},
       grpc::INVALID_ARGUMENT,
       "request id 7: a request with this id is in flight"},
      {"OverTheLimit", {OpenMessage(), oversized}, grpc::RESOURCE_EXHAUSTED, ""},
      {"PayloadBesideOpen", {payload_beside_open}, grpc::INVALID_ARGUMENT, "payload"},
      {"UnknownModel",
       {OpenWith([](v1::Open& open) { open.set_model("other"); })},
       grpc::NOT_FOUND,
       "served are 'fake'"},
      {"LongClientName",
       {OpenWith([](v1::Open& open) { open.set_client(std::string(129, 'c')); })},
       grpc::INVALID_ARGUMENT,
       "client"},
      {"NoEncoding",
       {OpenWith([](v1::Open& open) { open.clear_targets(); })},
       grpc::INVALID_ARGUMENT,
       "unspecified"},
      {"UnknownEncoding",
       {OpenWith([](v1::Open& open) {
         open.mutable_targets()->set_encoding(static_cast<v1::TargetEncoding>(99));
       })},
       grpc::INVALID_ARGUMENT,
       "open.targets: the target encoding is 99; must be"},
      {"MoreKeptThanThereAreClasses",
       {OpenWith([](v1::Open& open) {
         open.mutable_targets()->set_encoding(v1::TARGET_ENCODING_TOP_K);
         open.mutable_targets()->set_k(1'000'000);
       })},
       grpc::INVALID_ARGUMENT,
       "open.targets: `k` is 1000000; must be 1 to"},
      {"NoDraws",
       {OpenWith([](v1::Open& open) {
         open.mutable_targets()->set_encoding(v1::TARGET_ENCODING_SAMPLED);
       })},
       grpc::INVALID_ARGUMENT,
       "open.targets: `draws` is 0; must be 1 to 4096 with the encoding sampled"},
      {"OtherFingerprint",
       {OpenWith([](v1::Open& open) { open.set_fingerprint(std::string(64, '0')); })},
       grpc::FAILED_PRECONDITION,
       "fingerprint"},
      {"OtherClasses",
       {OpenWith([](v1::Open& open) {
         for (const char* name : {"ant", "bee", "dog"}) open.add_class_names(name);
       })},
       grpc::FAILED_PRECONDITION,
       "'dog'"},
  };
}

INSTANTIATE_TEST_SUITE_P(Table, StreamEndingTest, ::testing::ValuesIn(Endings()),
                         [](const auto& info) { return info.param.name; });

class UndecodableTest : public ServingTest {};

TEST_F(UndecodableTest, EndsTheStreamAndNothingElse) {
  StartServer();
  // A payload whose length reaches past the end; a truncated varint; a header that is not protobuf.
  for (const std::string& bytes : {std::string("\x7a\x7f"
                                               "abc"),
                                   std::string("\xff"), std::string("\x0a\x02\xff\xff")}) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
    const grpc::internal::RpcMethod method("/distill.v1.Teacher/Distill",
                                           grpc::internal::RpcMethod::BIDI_STREAMING, channel_);
    const std::unique_ptr<grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>> stream(
        grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>::Create(
            channel_.get(), method, &context));
    const grpc::Slice slice(bytes);
    stream->Write(grpc::ByteBuffer(&slice, 1));
    const grpc::Status status = stream->Finish();
    EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT) << status.error_message();
    EXPECT_THAT(status.error_message(), AllOf(HasSubstr("undecodable"), FollowsGrammar()));
    ExpectServes();
  }
}

// ---- What is answered per request.

struct Refusal {
  std::string name;
  std::function<void(v1::DistillRequest&)> change;
  absl::StatusCode code;
  std::string says;
};

class RequestRefusalTest : public ServingTest, public ::testing::WithParamInterface<Refusal> {};

TEST_P(RequestRefusalTest, IsAnsweredAndTheStreamGoesOn) {
  options_.limits.max_request_samples = 4;
  StartServer();
  ClientStream stream(channel_);
  stream.Open();
  v1::DistillRequest bad = RequestMessage(5, 2);
  GetParam().change(bad);
  stream.Send(bad);
  const auto refused = stream.Receive();
  ASSERT_TRUE(refused.has_value());
  ASSERT_TRUE(refused->has_error()) << refused->ShortDebugString();
  EXPECT_EQ(refused->error().id(), 5u);
  EXPECT_EQ(refused->error().code(), static_cast<int>(GetParam().code));
  EXPECT_THAT(refused->error().message(), AllOf(HasSubstr(GetParam().says), FollowsGrammar()));
  EXPECT_EQ(refused->error().reason(), v1::REASON_UNSPECIFIED);

  // The same stream continues, and the id is free again.
  stream.Send(RequestMessage(5, 1, 3));
  const auto answered = stream.Receive();
  ASSERT_TRUE(answered.has_value());
  EXPECT_EQ(LogitsOf(*answered), (std::vector<float>{30, 31, 32}));
  stream.HalfClose();
  EXPECT_TRUE(stream.Finish().ok());
  ExpectServes();
  EXPECT_EQ(runner_.samples(), 1 + 2) << "a refused request was computed";
}

void SetShape(v1::DistillRequest& message, const std::vector<int64_t>& shape) {
  auto& tensor = *message.mutable_request()->mutable_tensors(0);
  tensor.mutable_shape()->Assign(shape.begin(), shape.end());
}

std::vector<Refusal> Refusals() {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  constexpr int64_t kHuge = int64_t{1} << 62;
  const auto temperature = [](float value) {
    return [value](v1::DistillRequest& m) { m.mutable_request()->set_temperature(value); };
  };
  return {
      {"NoTensor",
       [](auto& m) {
         m.mutable_request()->clear_tensors();
         m.clear_payload();
       },
       kInvalid, "the number of input tensors is 0; must be 1"},
      {"TwoTensors",
       [](auto& m) {
         *m.mutable_request()->add_tensors() = m.request().tensors(0);
         m.add_payload(m.payload(0));
       },
       kInvalid, "the number of input tensors is 2; must be 1"},
      {"FewerPayloadsThanTensors", [](auto& m) { m.clear_payload(); }, kInvalid, "payload"},
      {"MorePayloadsThanTensors", [](auto& m) { m.add_payload("x"); }, kInvalid, "payload"},
      {"WrongDType",
       [](auto& m) { m.mutable_request()->mutable_tensors(0)->set_dtype(v1::DTYPE_INT8); },
       kInvalid, "uint8"},
      {"UnknownDType",
       [](auto& m) { m.mutable_request()->mutable_tensors(0)->set_dtype(v1::DTYPE_UNSPECIFIED); },
       kInvalid, "unspecified"},
      {"WrongRank", [](auto& m) { SetShape(m, {4}); }, kInvalid, "shape"},
      {"WrongShape",
       [](auto& m) {
         SetShape(m, {1, 4});
       },
       kInvalid, "shape"},
      {"NegativeDimension",
       [](auto& m) {
         SetShape(m, {-2, -2});
       },
       kInvalid, ""},
      {"OverflowingShape",
       [](auto& m) {
         SetShape(m, {kHuge, kHuge});
       },
       kInvalid, ""},
      {"OverflowingToTheRightSize",  // 2^63 · 2 + 4 elements, modulo 2^64
       [](auto& m) {
         SetShape(m, {(kHuge << 1) + 2, 2});
       },
       kInvalid, ""},
      {"BytesThatDoNotFitTheShape", [](auto& m) { m.set_payload(0, "abc"); }, kInvalid, "3"},
      {"NoSample",
       [](auto& m) {
         SetShape(m, {0, 2});
         m.set_payload(0, "");
       },
       kInvalid, "sample"},
      {"TooManySamples", [](auto& m) { m = RequestMessage(5, 5); }, kInvalid, "1 to 4"},
      {"ZeroTemperature", temperature(0), kInvalid, "temperature"},
      {"NegativeTemperature", temperature(-1), kInvalid, "temperature"},
      {"InfiniteTemperature", temperature(std::numeric_limits<float>::infinity()), kInvalid,
       "temperature"},
      {"NaNTemperature", temperature(std::nanf("")), kInvalid, "temperature"},
      {"NegativeTimeout", [](auto& m) { m.mutable_request()->set_timeout_us(-1); }, kInvalid,
       "timeout_us"},
  };
}

INSTANTIATE_TEST_SUITE_P(Table, RequestRefusalTest, ::testing::ValuesIn(Refusals()),
                         [](const auto& info) { return info.param.name; });

class RequestErrorTest : public ServingTest {};

TEST_F(RequestErrorTest, NonFiniteInputsAreAnsweredAlone) {
  runner_.mutable_info().inputs = {{"image", DType::kFloat32, {1}}};
  StartServer();
  ClientStream stream(channel_);
  stream.Open();
  for (const float value : {1.0f, std::nanf(""), 2.0f}) {
    v1::DistillRequest message = RequestMessage(static_cast<uint64_t>(3));
    v1::Tensor& tensor = *message.mutable_request()->mutable_tensors(0);
    tensor.set_dtype(v1::DTYPE_FLOAT32);
    tensor.set_shape(1, 1);
    message.set_payload(0, std::string(reinterpret_cast<const char*>(&value), sizeof(value)));
    stream.Send(message);
    const auto response = stream.Receive();
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->has_error(), std::isnan(value));
    EXPECT_EQ(response->error().code(), std::isnan(value) ? 3 : 0);
  }
}

TEST_F(RequestErrorTest, AnExpiredRequestIsAnsweredDeadlineExceeded) {
  runner_.Hold();
  StartServer();
  ClientStream stream(channel_);
  stream.Open();
  stream.Send(RequestMessage(1));
  runner_.WaitForBatches(1);
  v1::DistillRequest hasty = RequestMessage(2);
  hasty.mutable_request()->set_timeout_us(1);
  stream.Send(hasty);
  stream.Send(RequestMessage(3));
  // The refusal of this one says that the others have been received.
  v1::DistillRequest bad = RequestMessage(4);
  bad.clear_payload();
  stream.Send(bad);
  EXPECT_EQ(stream.Receive()->error().id(), 4u);
  runner_.Release();
  std::map<uint64_t, int> codes;
  for (int i = 0; i < 3; ++i) {
    const auto response = stream.Receive();
    ASSERT_TRUE(response.has_value());
    response->has_error() ? codes[response->error().id()] = response->error().code()
                          : codes[response->targets().id()] = 0;
  }
  EXPECT_EQ(codes, (std::map<uint64_t, int>{{1, 0}, {2, 4}, {3, 0}}));
  ExpectServes();
}

TEST_F(RequestErrorTest, TheTeachersOwnFaultIsInternal) {
  StartServer();
  runner_.FailWith(absl::InternalError("the teacher failed to compute this request"));
  ClientStream stream(channel_);
  stream.Open();
  stream.Send(RequestMessage(1));
  const auto response = stream.Receive();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->error().code(), 13);
  runner_.FailWith(absl::OkStatus());
  stream.Send(RequestMessage(2));
  EXPECT_TRUE(stream.Receive()->has_targets());
  ExpectServes();
}

TEST_F(RequestErrorTest, AnAnswerThatCouldNeverFitIsResourceExhausted) {
  runner_.mutable_info().classes = 10'000;
  runner_.mutable_info().class_names.clear();
  options_.limits.max_message_bytes = 64 << 10;
  StartServer();
  ClientStream stream(channel_);
  stream.Open();
  stream.Send(RequestMessage(1, 2));  // 80,000 bytes of logits
  EXPECT_EQ(stream.Receive()->error().code(), 8);
  stream.Send(RequestMessage(2, 1));
  EXPECT_EQ(stream.Receive()->targets().classes(), 10'000);
}

}  // namespace
}  // namespace distill
