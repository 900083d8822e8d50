// Compares ReadFrame with protobuf's own parser, on damaged frames.
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "common/base/random.h"
#include "common/rpc/wire.h"
#include "tests/common/rpc/frames.h"

namespace distill {
namespace {

// Protobuf accepts these as unknown fields; ReadFrame rejects them.
bool HasGroupOrStrayPayload(const v1::DistillRequest& message) {
  const auto& unknown = message.GetReflection()->GetUnknownFields(message);
  for (int i = 0; i < unknown.field_count(); ++i) {
    if (unknown.field(i).number() == kPayloadField) return true;
    if (unknown.field(i).type() == google::protobuf::UnknownField::TYPE_GROUP) return true;
  }
  return false;
}

// Reads the bytes, cut into slices at random, and compares with a plain parse.
void ExpectAgreement(const std::string& bytes, SplitMix64& random) {
  std::vector<size_t> cuts = {random.Below(bytes.size() + 1), random.Below(bytes.size() + 1)};
  std::sort(cuts.begin(), cuts.end());
  v1::DistillRequest header;
  std::vector<Bytes> payloads;
  const bool accepted = ReadFrame(Sliced(bytes, cuts), &header, &payloads).ok();
  v1::DistillRequest plain;
  const bool plain_accepted = plain.ParseFromString(bytes);
  if (!plain_accepted) {
    EXPECT_FALSE(accepted) << absl::BytesToHexString(bytes);
    return;
  }
  if (!accepted) {
    EXPECT_TRUE(HasGroupOrStrayPayload(plain)) << absl::BytesToHexString(bytes);
    return;
  }
  EXPECT_EQ(Contents(payloads),
            std::vector<std::string>(plain.payload().begin(), plain.payload().end()));
  plain.clear_payload();
  EXPECT_EQ(header.SerializeAsString(), plain.SerializeAsString());
}

std::string Mutated(std::string bytes, SplitMix64& random) {
  const uint64_t edits = 1 + random.Below(4);
  for (uint64_t i = 0; i < edits; ++i) {
    const size_t at = random.Below(bytes.size());
    switch (random.Below(4)) {
      case 0:
        bytes[at] = static_cast<char>(random.Next());
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.Below(8)));
        break;
      case 2:
        bytes.insert(at, 1, static_cast<char>(random.Next()));
        break;
      default:
        if (bytes.size() > 1) bytes.erase(at, 1);
    }
  }
  return bytes;
}

TEST(WireFuzzTest, MutatedFramesAreReadAsProtobufReadsThem) {
  SplitMix64 random(20);
  v1::DistillRequest open;
  open.mutable_open()->set_client("a client");
  open.mutable_open()->add_class_names("cat");
  open.mutable_open()->mutable_targets()->set_encoding(v1::TARGET_ENCODING_DENSE_F16);
  const std::string originals[] = {
      Flatten(WriteFrame(SampleRequest(), Payloads({std::string(140, 'p'), "", "q"}))),
      Flatten(WriteFrame(open, {})),
  };
  for (int i = 0; i < 5'000; ++i) {
    const std::string bytes = Mutated(originals[i % 2], random);
    ExpectAgreement(bytes, random);
    ASSERT_FALSE(HasFailure()) << "mutation " << i;
  }
}

TEST(WireFuzzTest, RandomBytesAreReadAsProtobufReadsThem) {
  SplitMix64 random(21);
  for (int i = 0; i < 5'000; ++i) {
    std::string bytes(random.Below(24), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.Next());
    ExpectAgreement(bytes, random);
    ASSERT_FALSE(HasFailure()) << "case " << i;
  }
}

TEST(WireFuzzTest, TruncatedFramesAreReadAsProtobufReadsThem) {
  SplitMix64 random(22);
  const std::string whole =
      Flatten(WriteFrame(SampleRequest(), Payloads({std::string(140, 'p'), "", "q"})));
  int refused = 0;
  for (size_t size = 0; size < whole.size(); ++size) {
    ExpectAgreement(whole.substr(0, size), random);
    v1::DistillRequest header;
    std::vector<Bytes> payloads;
    if (!ReadFrame(Sliced(whole.substr(0, size)), &header, &payloads).ok()) ++refused;
  }
  // Only these prefixes are valid: nothing, the header alone, and the header with the first one or
  // two payloads.
  EXPECT_EQ(refused, static_cast<int>(whole.size()) - 4);
}

}  // namespace
}  // namespace distill
