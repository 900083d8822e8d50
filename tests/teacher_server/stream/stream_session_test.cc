#include "teacher_server/stream/stream_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/rpc/wire.h"
#include "tests/teacher_server/stream/messages.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::distill::testing::IsOk;
using ::distill::testing::OpenMessage;
using ::distill::testing::RequestMessage;
using ::distill::testing::StatusIs;
using Kind = StreamSession::Outgoing::Kind;

constexpr absl::Time kNow = absl::UnixEpoch();
constexpr int64_t kClasses = 3;

grpc::ByteBuffer Frame(const v1::DistillRequest& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

WorkResult Result(int64_t samples) {
  const auto bytes = static_cast<size_t>(samples * kClasses) * sizeof(float);
  return {.targets = std::vector<EncodedTargets>{
              {.rows = samples,
               .classes = kClasses,
               .parts = {{DType::kFloat32,
                          {samples, kClasses},
                          Bytes::FromString(std::string(bytes, '\0'))}}}}};
}

class StreamSessionTest : public ::testing::Test {
 protected:
  StreamSessionTest() {
    teacher_->info.name = "fake";
    teacher_->info.inputs = {{"image", DType::kUint8, {2}}};
    teacher_->info.classes = kClasses;
    teacher_->limits = {.credits = 10, .max_request_samples = 8, .max_message_bytes = 64 << 10};
  }

  std::shared_ptr<const ServedTeachers> Teachers() const {
    return std::make_shared<const ServedTeachers>(
        std::vector<std::shared_ptr<const ServedTeacher>>{teacher_});
  }

  // Opens the stream, and writes the Opened.
  void Open(StreamSession& session) {
    EXPECT_FALSE(session.Receive(Frame(OpenMessage()), kNow).has_value());
    WriteAll(session);
  }

  // Writes everything that is to be written; returns the kinds.
  std::vector<Kind> WriteAll(StreamSession& session) {
    std::vector<Kind> kinds;
    while (const auto outgoing = session.NextWrite()) {
      kinds.push_back(outgoing->kind);
      session.Written(*outgoing);
    }
    return kinds;
  }

  std::shared_ptr<ServedTeacher> teacher_ = std::make_shared<ServedTeacher>();
};

TEST_F(StreamSessionTest, ReadingStopsAtTheCreditsUntilAnAnswerWasWritten) {
  StreamSession session(Teachers());
  Open(session);
  ASSERT_TRUE(session.Receive(Frame(RequestMessage(1, 8)), kNow).has_value());
  EXPECT_TRUE(session.WantsRead());
  ASSERT_TRUE(session.Receive(Frame(RequestMessage(2, 2)), kNow).has_value());
  EXPECT_EQ(session.samples_in_flight(), 10);
  EXPECT_FALSE(session.WantsRead());

  session.Answer(1, Result(8));
  EXPECT_FALSE(session.WantsRead()) << "an answer that was not written gives no credit back";
  const auto outgoing = session.NextWrite();
  ASSERT_TRUE(outgoing.has_value());
  EXPECT_FALSE(session.WantsRead());
  session.Written(*outgoing);
  EXPECT_TRUE(session.WantsRead());
  EXPECT_EQ(session.samples_in_flight(), 2);
}

TEST_F(StreamSessionTest, ReadingStopsAtTheBytes) {
  teacher_->info.inputs = {{"image", DType::kUint8, {50'000}}};
  StreamSession session(Teachers());
  Open(session);
  v1::DistillRequest message = RequestMessage(1, 1);
  message.mutable_request()->mutable_tensors(0)->set_shape(1, 50'000);
  message.set_payload(0, std::string(50'000, 'x'));
  for (uint64_t id = 1; id <= 2; ++id) {
    message.mutable_request()->set_id(id);
    ASSERT_TRUE(session.WantsRead());
    ASSERT_TRUE(session.Receive(Frame(message), kNow).has_value());
  }
  message.mutable_request()->set_id(3);
  ASSERT_TRUE(session.Receive(Frame(message), kNow).has_value());
  EXPECT_GE(session.bytes_in_flight(), StreamReserve(teacher_->limits));
  EXPECT_FALSE(session.WantsRead());
  // Inputs are no longer held once they are computed.
  session.Answer(1, Result(1));
  EXPECT_TRUE(session.WantsRead());
}

TEST_F(StreamSessionTest, AnswersThatAreExpectedCountAsBytes) {
  teacher_->info.classes = 10'000;  // 40,000 bytes per row
  StreamSession session(Teachers());
  Open(session);
  for (uint64_t id = 1; session.WantsRead(); ++id) {
    ASSERT_TRUE(session.Receive(Frame(RequestMessage(id, 1)), kNow).has_value());
  }
  EXPECT_EQ(session.samples_in_flight(), 3) << "of 10 credits; 2 · 64 KiB are reached by 3 answers";
}

TEST_F(StreamSessionTest, RequestsThatHoldHardlyAnythingCountWithTheirOverhead) {
  teacher_->limits.credits = 1'000'000;
  teacher_->limits.max_request_samples = 8;
  StreamSession session(Teachers());
  Open(session);
  uint64_t id = 0;
  while (session.WantsRead()) session.Receive(Frame(RequestMessage(++id)), kNow);
  EXPECT_LE(id, 2u * (64 << 10) / 4096);
}

// What an answer will take follows from what the model gives, not from what it is given.
TEST_F(StreamSessionTest, RowsOfAnAnswerAreTheModels) {
  teacher_->info.inputs = {{"tokens", DType::kUint8, {-1}}};
  teacher_->info.classes = 100;
  for (const auto& [rows, bytes] : {std::pair{1, 400}, {7, 7 * 400}, {-1, 2 * 400}}) {
    teacher_->info.rows_per_sample = rows;
    StreamSession session(Teachers());
    Open(session);
    ASSERT_TRUE(session.Receive(Frame(RequestMessage(1, 1)), kNow).has_value());  // of length 2
    EXPECT_EQ(session.bytes_in_flight(), 4096 + 2 + bytes);
  }
}

TEST_F(StreamSessionTest, InputsThatAreTooLongAreRefused) {
  teacher_->info.inputs = {{"tokens", DType::kUint8, {-1}}};
  teacher_->limits.max_length = 1;
  StreamSession session(Teachers());
  Open(session);
  EXPECT_FALSE(session.Receive(Frame(RequestMessage(1, 1)), kNow).has_value());
  const auto answer = session.NextWrite();
  ASSERT_TRUE(answer.has_value());
  EXPECT_THAT(answer->error,
              StatusIs(absl::StatusCode::kInvalidArgument,
                       ::testing::HasSubstr("length of an input is 2; must be 1 to 1")));
}

TEST_F(StreamSessionTest, AnAnswerWhoseWriteFailsIsDropped) {
  StreamSession session(Teachers());
  Open(session);
  session.Receive(Frame(RequestMessage(1, 2)), kNow);
  session.Receive(Frame(RequestMessage(2, 2)), kNow);
  session.Answer(1, Result(2));
  const auto writing = session.NextWrite();
  session.NotWritten(*writing);
  EXPECT_EQ(session.dropped(), 2);
  EXPECT_THAT(*session.End(), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(StreamSessionTest, RefusalsThatAreNotReadStopTheReadingToo) {
  StreamSession session(Teachers());
  Open(session);
  uint64_t id = 0;
  while (session.WantsRead()) {
    v1::DistillRequest bad = RequestMessage(++id);
    bad.clear_payload();
    EXPECT_FALSE(session.Receive(Frame(bad), kNow).has_value());
    ASSERT_LE(id, 100u);
  }
  EXPECT_EQ(id, 10u);
  EXPECT_EQ(WriteAll(session).size(), 10u);
  EXPECT_TRUE(session.WantsRead());
  EXPECT_EQ(session.bytes_in_flight(), 0);
}

TEST_F(StreamSessionTest, ATimeoutCountsFromReceipt) {
  StreamSession session(Teachers());
  Open(session);
  EXPECT_EQ(session.Receive(Frame(RequestMessage(1)), kNow)->deadline, absl::InfiniteFuture());
  v1::DistillRequest hasty = RequestMessage(2);
  hasty.mutable_request()->set_timeout_us(1500);
  EXPECT_EQ(session.Receive(Frame(hasty), kNow)->deadline, kNow + absl::Microseconds(1500));
}

TEST_F(StreamSessionTest, TheRequestCarriesWhatTheStreamWasGranted) {
  teacher_->info.class_names = {"a", "b", "c"};
  teacher_->numerics.fixed_batch_size = 4;
  StreamSession session(Teachers());
  v1::DistillRequest open = OpenMessage();
  for (const char* name : {"c", "b", "a"}) open.mutable_open()->add_class_names(name);
  open.mutable_open()->set_batch_independent(true);
  open.mutable_open()->mutable_targets()->set_encoding(v1::TARGET_ENCODING_DENSE_F16);
  session.Receive(Frame(open), kNow);
  v1::DistillRequest message = RequestMessage(1, 3);
  message.mutable_request()->set_seed(77);
  message.mutable_request()->set_temperature(2.5);
  const auto taken = session.Receive(Frame(message), kNow);
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->request.samples, 3);
  EXPECT_EQ(taken->options.seed, 77u);
  EXPECT_EQ(taken->options.temperature, 2.5);
  EXPECT_EQ(session.terms()->outputs[0].wanted.encoding.spec.encoding, TargetEncoding::kDenseF16);
  EXPECT_TRUE(taken->request.batch_independent);
  EXPECT_EQ(*session.terms()->outputs[0].wanted.encoding.class_order,
            (std::vector<int64_t>{2, 1, 0}));
}

v1::DistillResponse ResponseOf(StreamSession& session) {
  v1::DistillResponse response;
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(session.NextWrite()->frame.Dump(&slices).ok());
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  EXPECT_TRUE(response.ParseFromString(bytes));
  return response;
}

TEST_F(StreamSessionTest, AnAnswerHasAGroupOfPayloadsPerOutput) {
  teacher_->info.outputs = {{"logits", OutputKind::kLogits, kClasses, 1},
                            {"features", OutputKind::kFeatures, 2, 1}};
  StreamSession session(Teachers());
  v1::DistillRequest open;
  for (const char* name : {"features", "logits"}) {
    v1::OutputRequest* output = open.mutable_open()->add_outputs();
    output->set_name(name);
    output->mutable_targets()->set_encoding(v1::TARGET_ENCODING_DENSE_F32);
  }
  session.Receive(Frame(open), kNow);
  const v1::DistillResponse opened = ResponseOf(session);
  EXPECT_FALSE(opened.opened().has_targets());
  ASSERT_EQ(opened.opened().outputs_size(), 2);
  EXPECT_EQ(opened.opened().outputs(0).name(), "features");
  EXPECT_EQ(opened.opened().model().outputs_size(), 2);

  session.Receive(Frame(RequestMessage(1, 2)), kNow);
  const EncodedTargets features{
      .rows = 2,
      .classes = 2,
      .parts = {{DType::kFloat32, {2, 2}, Bytes::FromString(std::string(16, 'f'))}}};
  const WorkResult logits = Result(2);
  session.Answer(1, {.targets = std::vector<EncodedTargets>{features, logits.targets->front()}});
  const v1::DistillResponse answer = ResponseOf(session);
  ASSERT_EQ(answer.targets().outputs_size(), 2);
  EXPECT_EQ(answer.targets().outputs(0).width(), 2);
  EXPECT_EQ(answer.targets().outputs(1).width(), kClasses);
  ASSERT_EQ(answer.payload_size(), 2);
  EXPECT_EQ(answer.payload(0), std::string(16, 'f'));
  EXPECT_EQ(answer.payload(1).size(), 2 * kClasses * sizeof(float));
}

// Fields of later versions would change what a client of the first sees.
TEST_F(StreamSessionTest, AStreamAboutLogitsAloneHasNoFieldOfOutputs) {
  teacher_->info.outputs = {{"logits", OutputKind::kLogits, kClasses, 1},
                            {"features", OutputKind::kFeatures, 2, 1}};
  for (const bool named : {false, true}) {
    StreamSession session(Teachers());
    v1::DistillRequest open = OpenMessage();
    if (named) {
      v1::OutputRequest* output = open.mutable_open()->add_outputs();
      output->set_name("logits");
      *output->mutable_targets() = open.open().targets();
      open.mutable_open()->clear_targets();
    }
    session.Receive(Frame(open), kNow);
    const v1::DistillResponse opened = ResponseOf(session);
    EXPECT_EQ(opened.opened().outputs_size() + opened.opened().model().outputs_size(), 0);
    EXPECT_TRUE(opened.opened().has_targets());
    session.Receive(Frame(RequestMessage(1, 2)), kNow);
    session.Answer(1, Result(2));
    EXPECT_EQ(ResponseOf(session).targets().outputs_size(), 0);
  }
}

TEST_F(StreamSessionTest, HalfCloseEndsOkWhenEverythingIsWritten) {
  StreamSession session(Teachers());
  Open(session);
  session.Receive(Frame(RequestMessage(1, 2)), kNow);
  session.HalfClose();
  EXPECT_FALSE(session.WantsRead());
  EXPECT_FALSE(session.End().has_value());
  session.Answer(1, Result(2));
  EXPECT_FALSE(session.End().has_value());
  WriteAll(session);
  ASSERT_TRUE(session.End().has_value());
  EXPECT_THAT(*session.End(), IsOk());
}

TEST_F(StreamSessionTest, AnIdIsFreeAsSoonAsItsAnswerCanBeSeen) {
  StreamSession session(Teachers());
  Open(session);
  session.Receive(Frame(RequestMessage(1, 2)), kNow);
  session.Answer(1, Result(2));
  const auto first = session.NextWrite();
  // The client may have read it before the server learns that it was written.
  EXPECT_TRUE(session.Receive(Frame(RequestMessage(1, 3)), kNow).has_value());
  EXPECT_EQ(session.samples_in_flight(), 5);
  session.Written(*first);
  EXPECT_EQ(session.samples_in_flight(), 3);
  EXPECT_FALSE(session.End().has_value());
}

TEST_F(StreamSessionTest, AHalfCloseWithoutAnOpenEndsOk) {
  StreamSession session(Teachers());
  session.HalfClose();
  ASSERT_TRUE(session.End().has_value());
  EXPECT_THAT(*session.End(), IsOk());
}

TEST_F(StreamSessionTest, DrainingSaysSoOnce) {
  StreamSession session(Teachers());
  Open(session);
  session.Receive(Frame(RequestMessage(1)), kNow);
  session.Drain();
  session.Drain();
  EXPECT_EQ(WriteAll(session), std::vector<Kind>{Kind::kControl});
  EXPECT_FALSE(session.End().has_value());
}

TEST_F(StreamSessionTest, AnEndedStreamHoldsNothingAndTakesNothing) {
  StreamSession session(Teachers());
  Open(session);
  session.Receive(Frame(RequestMessage(1, 2)), kNow);
  session.Receive(Frame(RequestMessage(2, 2)), kNow);
  session.Answer(2, Result(2));
  session.Receive(Frame(RequestMessage(1)), kNow);  // in flight already
  EXPECT_EQ(session.dropped(), 2);
  EXPECT_EQ(session.samples_in_flight(), 0);
  EXPECT_EQ(session.bytes_in_flight(), 0);
  EXPECT_FALSE(session.NextWrite().has_value());
  session.Answer(1, Result(2));
  EXPECT_FALSE(session.NextWrite().has_value());
  EXPECT_FALSE(session.Receive(Frame(RequestMessage(5)), kNow).has_value());
  session.Drain();
  EXPECT_THAT(*session.End(), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(StreamSessionTest, AnAnswerLargerThanAMessageBecomesAnError) {
  StreamSession session(Teachers());
  Open(session);
  session.Receive(Frame(RequestMessage(1, 1)), kNow);
  session.Answer(1, Result(20'000));  // more rows than were foreseen
  EXPECT_EQ(WriteAll(session), std::vector<Kind>{Kind::kError});
}

v1::DistillRequest RaggedOpen() {
  v1::DistillRequest open = OpenMessage();
  open.mutable_open()->set_ragged(true);
  open.mutable_open()->set_max_rows_per_sample(16);
  return open;
}

// A byte per position.
v1::DistillRequest RaggedRequest(uint64_t id, const std::vector<int64_t>& lengths) {
  v1::DistillRequest message = RequestMessage(id);
  v1::Tensor& tensor = *message.mutable_request()->mutable_tensors(0);
  int64_t positions = 0;
  for (const int64_t length : lengths) positions += length;
  tensor.clear_shape();
  tensor.add_shape(positions);
  tensor.mutable_lengths()->Assign(lengths.begin(), lengths.end());
  message.set_payload(0, std::string(static_cast<size_t>(positions), 'x'));
  return message;
}

class RaggedSessionTest : public StreamSessionTest {
 protected:
  RaggedSessionTest() {
    teacher_->info.inputs = {{"tokens", DType::kUint8, {-1}}};
    teacher_->info.rows_per_sample = -1;
    teacher_->limits.max_length = 100;
    session_ = std::make_unique<StreamSession>(Teachers());
    session_->Receive(Frame(RaggedOpen()), kNow);
    WriteAll(*session_);
  }

  // The message of the error that a request is answered with.
  std::string ErrorOf(const v1::DistillRequest& message) {
    EXPECT_FALSE(session_->Receive(Frame(message), kNow).has_value());
    const auto answer = session_->NextWrite();
    if (!answer.has_value()) return "no answer";
    session_->Written(*answer);
    EXPECT_EQ(answer->error.code(), absl::StatusCode::kInvalidArgument);
    return std::string(answer->error.message());
  }

  std::unique_ptr<StreamSession> session_;
};

TEST_F(RaggedSessionTest, SamplesHaveTheirLengths) {
  const auto taken = session_->Receive(Frame(RaggedRequest(1, {2, 5})), kNow);
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->request.samples, 2);
  EXPECT_EQ(taken->request.inputs[0].lengths, (std::vector<int64_t>{2, 5}));
  EXPECT_EQ(session_->bytes_in_flight(), 4096 + 7 + 7 * kClasses * 4);
}

TEST_F(RaggedSessionTest, ARowMaskLessensTheAnswer) {
  v1::DistillRequest message = RaggedRequest(1, {2, 5});
  message.mutable_request()->set_row_mask("\x05");
  const auto taken = session_->Receive(Frame(message), kNow);
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->request.row_mask, "\x05");
  EXPECT_EQ(session_->bytes_in_flight(), 4096 + 7 + 2 * kClasses * 4);
}

TEST_F(RaggedSessionTest, WhatDoesNotFitIsAnsweredAndTheStreamGoesOn) {
  EXPECT_THAT(ErrorOf(RaggedRequest(1, {2, 0})),
              ::testing::HasSubstr("sample 1 of input 'tokens'"));
  EXPECT_THAT(ErrorOf(RaggedRequest(2, {2, 101})),
              ::testing::HasSubstr("the length of an input is 101; must be 1 to 100"));
  EXPECT_THAT(ErrorOf(RaggedRequest(3, std::vector<int64_t>(9, 1))),
              ::testing::HasSubstr("the number of samples of the request is 9"));
  v1::DistillRequest sum = RaggedRequest(4, {2, 5});
  sum.mutable_request()->mutable_tensors(0)->set_lengths(1, 4);
  EXPECT_THAT(ErrorOf(sum), ::testing::HasSubstr("the sum of the lengths of input 'tokens' is 6"));
  v1::DistillRequest mask = RaggedRequest(5, {2, 5});
  mask.mutable_request()->set_row_mask("\x03");
  EXPECT_THAT(ErrorOf(mask), ::testing::HasSubstr("selects no position of sample 1"));
  mask.mutable_request()->set_row_mask("\x03\x01");
  EXPECT_THAT(ErrorOf(mask), ::testing::HasSubstr("the size of row_mask is 2 bytes; must be 1"));
  EXPECT_TRUE(session_->Receive(Frame(RaggedRequest(6, {1})), kNow).has_value());
}

TEST_F(StreamSessionTest, AMaskIsRefusedWhereNothingHasARowPerPosition) {
  teacher_->info.inputs = {{"tokens", DType::kUint8, {-1}}};
  StreamSession session(Teachers());
  session.Receive(Frame(RaggedOpen()), kNow);
  WriteAll(session);
  v1::DistillRequest message = RaggedRequest(1, {2, 5});
  message.mutable_request()->set_row_mask("\x7f");
  EXPECT_FALSE(session.Receive(Frame(message), kNow).has_value());
  EXPECT_THAT(session.NextWrite()->error.message(),
              ::testing::HasSubstr("no output of the stream has a row per position"));
}

TEST_F(StreamSessionTest, LengthsAndMasksBelongToRaggedStreams) {
  teacher_->info.inputs = {{"tokens", DType::kUint8, {-1}}};
  teacher_->info.rows_per_sample = -1;
  StreamSession session(Teachers());
  Open(session);
  EXPECT_FALSE(session.Receive(Frame(RaggedRequest(1, {2, 5})), kNow).has_value());
  EXPECT_THAT(session.NextWrite()->error.message(), ::testing::HasSubstr("is not ragged"));
  v1::DistillRequest message = RequestMessage(2);
  message.mutable_request()->set_row_mask("\x03");
  EXPECT_FALSE(session.Receive(Frame(message), kNow).has_value());
  EXPECT_THAT(session.NextWrite()->error.message(),
              ::testing::HasSubstr("row_mask: the stream is not ragged"));
}

}  // namespace
}  // namespace distill
