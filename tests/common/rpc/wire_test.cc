#include "common/rpc/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/common/rpc/frames.h"

namespace distill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::vector<std::vector<std::string>>& PayloadCases() {
  static const auto* const kCases = new std::vector<std::vector<std::string>>{
      {},
      {"pixels"},
      {""},
      {"", ""},
      {"first", "", "third"},
      {std::string(300, 'x'), std::string(70'000, 'y')},
  };
  return *kCases;
}

TEST(WireTest, FramesSurviveTheRoundTrip) {
  for (const auto& contents : PayloadCases()) {
    const v1::DistillRequest sent = SampleRequest();
    const grpc::ByteBuffer frame = WriteFrame(sent, Payloads(contents));
    v1::DistillRequest received;
    std::vector<Bytes> payloads;
    ASSERT_TRUE(ReadFrame(frame, &received, &payloads).ok());
    EXPECT_EQ(received.SerializeAsString(), sent.SerializeAsString());
    EXPECT_EQ(Contents(payloads), contents);
  }
}

TEST(WireTest, PlainProtobufReadsWhatWriteFrameWrites) {
  for (const auto& contents : PayloadCases()) {
    v1::DistillRequest plain;
    ASSERT_TRUE(plain.ParseFromString(Flatten(WriteFrame(SampleRequest(), Payloads(contents)))));
    EXPECT_EQ(std::vector<std::string>(plain.payload().begin(), plain.payload().end()), contents);
    plain.clear_payload();
    EXPECT_EQ(plain.SerializeAsString(), SampleRequest().SerializeAsString());
  }
}

TEST(WireTest, WriteFrameWritesTheBytesThatPlainProtobufWrites) {
  for (const auto& contents : PayloadCases()) {
    v1::DistillRequest plain = SampleRequest();
    for (const std::string& content : contents) plain.add_payload(content);
    EXPECT_EQ(Flatten(WriteFrame(SampleRequest(), Payloads(contents))), plain.SerializeAsString());
  }
}

TEST(WireTest, ReadFrameReadsWhatPlainProtobufWrites) {
  for (const auto& contents : PayloadCases()) {
    v1::DistillRequest plain = SampleRequest();
    for (const std::string& content : contents) plain.add_payload(content);
    v1::DistillRequest header;
    std::vector<Bytes> payloads;
    ASSERT_TRUE(ReadFrame(Sliced(plain.SerializeAsString()), &header, &payloads).ok());
    EXPECT_EQ(header.SerializeAsString(), SampleRequest().SerializeAsString());
    EXPECT_EQ(Contents(payloads), contents);
  }
}

TEST(WireTest, SlicesMayEndAnywhere) {
  const std::string bytes =
      Flatten(WriteFrame(SampleRequest(), Payloads({"abc", "", std::string(200, 'z')})));
  for (size_t first = 0; first <= bytes.size(); ++first) {
    for (const size_t second : {first, std::min(first + 1, bytes.size()), bytes.size()}) {
      v1::DistillRequest header;
      std::vector<Bytes> payloads;
      ASSERT_TRUE(ReadFrame(Sliced(bytes, {first, second}), &header, &payloads).ok()) << first;
      EXPECT_EQ(header.SerializeAsString(), SampleRequest().SerializeAsString()) << first;
      EXPECT_THAT(Contents(payloads), ElementsAre("abc", "", std::string(200, 'z'))) << first;
    }
  }
}

TEST(WireTest, OneByteSlicesAreReadLikeOneSlice) {
  const std::string bytes = Flatten(WriteFrame(SampleRequest(), Payloads({"abc", "de"})));
  std::vector<size_t> cuts;
  for (size_t i = 1; i < bytes.size(); ++i) cuts.push_back(i);
  v1::DistillRequest header;
  std::vector<Bytes> payloads;
  ASSERT_TRUE(ReadFrame(Sliced(bytes, cuts), &header, &payloads).ok());
  EXPECT_EQ(header.SerializeAsString(), SampleRequest().SerializeAsString());
  EXPECT_THAT(Contents(payloads), ElementsAre("abc", "de"));
}

TEST(WireTest, PayloadsMayComeBeforeAndBetweenTheHeader) {
  v1::DistillRequest payload_only;
  payload_only.add_payload("early");
  v1::DistillRequest late;
  late.add_payload("late");
  const std::string bytes = payload_only.SerializeAsString() + SampleRequest().SerializeAsString() +
                            late.SerializeAsString();
  v1::DistillRequest header;
  std::vector<Bytes> payloads;
  ASSERT_TRUE(ReadFrame(Sliced(bytes), &header, &payloads).ok());
  EXPECT_EQ(header.request().id(), 300u);
  EXPECT_THAT(Contents(payloads), ElementsAre("early", "late"));
}

TEST(WireTest, AHeaderInSeveralPartsIsMergedAsProtobufDoes) {
  v1::DistillRequest first;
  first.mutable_request()->set_id(1);
  first.mutable_request()->set_seed(9);
  v1::DistillRequest second;
  second.mutable_request()->set_id(2);
  v1::DistillRequest other_kind;
  other_kind.mutable_open()->set_client("c");
  for (const std::string& bytes : {first.SerializeAsString() + second.SerializeAsString(),
                                   first.SerializeAsString() + other_kind.SerializeAsString(),
                                   other_kind.SerializeAsString() + second.SerializeAsString()}) {
    v1::DistillRequest plain;
    ASSERT_TRUE(plain.ParseFromString(bytes));
    v1::DistillRequest header;
    std::vector<Bytes> payloads;
    ASSERT_TRUE(ReadFrame(Sliced(bytes), &header, &payloads).ok());
    EXPECT_EQ(header.SerializeAsString(), plain.SerializeAsString());
  }
}

TEST(WireTest, UnknownFieldsOfEveryWireTypeAreIgnored) {
  // Field 20: a varint, 8 bytes, a string, 4 bytes.
  const std::string unknown = std::string("\xa0\x01\x96\x01", 4) + std::string("\xa1\x01", 2) +
                              std::string(8, '\x7a') + std::string("\xa2\x01\x03", 3) +
                              "\x7a\x01\x02" + std::string("\xa5\x01", 2) + std::string(4, '\x7a');
  const std::string known = Flatten(WriteFrame(SampleRequest(), Payloads({"pixels"})));
  for (const std::string& bytes : {unknown + known, known + unknown}) {
    v1::DistillRequest header;
    std::vector<Bytes> payloads;
    ASSERT_TRUE(ReadFrame(Sliced(bytes), &header, &payloads).ok());
    EXPECT_EQ(header.request().id(), 300u);
    EXPECT_THAT(Contents(payloads), ElementsAre("pixels"));
  }
}

TEST(WireTest, AnEmptyFrameIsAMessageWithoutFields) {
  v1::DistillRequest header = SampleRequest();
  std::vector<Bytes> payloads = Payloads({"old"});
  ASSERT_TRUE(ReadFrame(Sliced(""), &header, &payloads).ok());
  EXPECT_EQ(header.kind_case(), v1::DistillRequest::KIND_NOT_SET);
  EXPECT_THAT(payloads, IsEmpty());
}

TEST(WireTest, MalformedFramesAreRefused) {
  struct Case {
    const char* what;
    std::string bytes;
    const char* message;
  };
  const Case cases[] = {
      {"group", "\x83\x01\x84\x01", "wire type 3"},
      {"end of a group", "\x84\x01", "wire type 4"},
      {"wire type 6", "\x86\x01", "wire type 6"},
      {"wire type 7", "\x87\x01", "wire type 7"},
      {"field number 0", std::string("\x02\x00", 2), "field number 0"},
      {"payload as varint", "\x78\x01", "payload of wire type 0"},
      {"payload as group", "\x7b\x7c", "payload of wire type 3"},
      {"payload as fixed32", "\x7d\x01\x01\x01\x01", "payload of wire type 5"},
      {"payload past the end", "\x7a\x02\x01", "payload ends after the message"},
      {"payload of 2^35 - 1 bytes", "\x7a\xff\xff\xff\xff\x7f", "payload ends after"},
      {"unknown field past the end", "\xa2\x01\x02\x01", "field ends after the message"},
      {"fixed64 past the end", "\xa1\x01\x02\x01", "field ends after the message"},
      {"overlong tag", "\xfa\x80\x80\x80\x80\x80\x01", "longer than any can be"},
      {"overlong length", "\x7a\x81\x80\x80\x80\x80\x01", "longer than any can be"},
      {"overlong varint", "\xa0\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "longer than"},
      {"tag without its end", "\x7a\x00\x80", "ends within"},
      {"text that is not UTF-8", "\x0a\x03\x0a\x01\xff", "header cannot be parsed"},
      {"broken nested message", "\x12\x02\x12\x05", "header cannot be parsed"},
  };
  for (const Case& c : cases) {
    v1::DistillRequest header;
    std::vector<Bytes> payloads;
    const absl::Status status = ReadFrame(Sliced(c.bytes), &header, &payloads);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.what;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message)) << c.what;
  }
}

TEST(WireTest, ABufferWithoutBytesAtAllIsRefused) {
  v1::DistillRequest header;
  std::vector<Bytes> payloads;
  EXPECT_EQ(ReadFrame(grpc::ByteBuffer(), &header, &payloads).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(WireTest, MorePayloadsThanTheBoundAreRefused) {
  std::string bytes;
  for (size_t i = 0; i < kMaxPayloads; ++i) bytes += std::string("\x7a\x00", 2);
  v1::DistillRequest header;
  std::vector<Bytes> payloads;
  ASSERT_TRUE(ReadFrame(Sliced(bytes), &header, &payloads).ok());
  EXPECT_EQ(payloads.size(), kMaxPayloads);
  bytes += std::string("\x7a\x00", 2);
  EXPECT_THAT(std::string(ReadFrame(Sliced(bytes), &header, &payloads).message()),
              HasSubstr("more than 1024 payloads"));
}

TEST(WireTest, AHeaderBeyondTheBoundIsRefused) {
  v1::DistillRequest large;
  large.mutable_open()->set_client(std::string(kMaxHeaderBytes, 'x'));
  std::string many_varints;
  for (size_t i = 0; i <= kMaxHeaderBytes / 2; ++i) many_varints += "\x50\x01";
  for (const std::string& bytes : {large.SerializeAsString(), many_varints}) {
    v1::DistillRequest header;
    std::vector<Bytes> payloads;
    EXPECT_THAT(std::string(ReadFrame(Sliced(bytes), &header, &payloads).message()),
                HasSubstr("bytes in addition to its payloads"));
  }
}

TEST(WireTest, AFrameKeepsItsPayloadsMemoryAlive) {
  auto owner = std::make_shared<std::string>(100'000, 'm');
  const std::weak_ptr<std::string> watched = owner;
  const Bytes::Piece piece(reinterpret_cast<const uint8_t*>(owner->data()), owner->size());
  {
    grpc::ByteBuffer frame;
    {
      const Bytes payload = Bytes::Wrap(std::move(owner), piece);
      frame = WriteFrame(SampleRequest(), {payload});
    }
    ASSERT_FALSE(watched.expired());
    v1::DistillRequest plain;
    ASSERT_TRUE(plain.ParseFromString(Flatten(frame)));
    EXPECT_EQ(plain.payload(0), std::string(100'000, 'm'));
  }
  EXPECT_TRUE(watched.expired());
}

TEST(WireTest, ReceivedPayloadsAreViewsThatOutliveTheFrame) {
  const std::string content(100'000, 'v');
  v1::DistillRequest header;
  std::vector<Bytes> payloads;
  const uint8_t* memory = nullptr;
  {
    const grpc::ByteBuffer frame = WriteFrame(SampleRequest(), Payloads({content}));
    std::vector<grpc::Slice> slices;
    ASSERT_TRUE(frame.Dump(&slices).ok());
    memory = slices.back().begin();
    ASSERT_TRUE(ReadFrame(frame, &header, &payloads).ok());
  }
  ASSERT_EQ(payloads.size(), 1u);
  EXPECT_EQ(payloads[0].piece(0).data(), memory);
  EXPECT_EQ(payloads[0].ToString(), content);
}

}  // namespace
}  // namespace distill
