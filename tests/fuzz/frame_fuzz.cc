// Runs ReadFrame on any bytes: it never crashes, it accepts nothing that protobuf would reject, it
// reads what protobuf reads, and the result can be written and read again.
//
// The input: one byte, the size of the slices (0: one slice), then the frame.
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/rpc/wire.h"
#include "tests/common/rpc/frames.h"
#include "tests/fuzz/require.h"

namespace distill {
namespace {

using ::distill::testing::Require;

std::vector<size_t> Cuts(size_t size, size_t slice) {
  std::vector<size_t> cuts;
  for (size_t at = slice; slice > 0 && at < size; at += slice) cuts.push_back(at);
  return cuts;
}

template <typename Message>
void Check(const std::string& bytes, size_t slice) {
  Message header;
  std::vector<Bytes> payloads;
  if (!ReadFrame(Sliced(bytes, Cuts(bytes.size(), slice)), &header, &payloads).ok()) return;
  Require(header.payload_size() == 0, "no payload enters the header");

  Message plain;
  Require(plain.ParseFromString(bytes), "protobuf takes what is accepted");
  Require(Contents(payloads) ==
              std::vector<std::string>(plain.payload().begin(), plain.payload().end()),
          "the payloads are protobuf's");
  plain.clear_payload();
  Require(header.SerializeAsString() == plain.SerializeAsString(), "the header is protobuf's");

  Message header_again;
  std::vector<Bytes> payloads_again;
  Require(ReadFrame(WriteFrame(header, payloads), &header_again, &payloads_again).ok(),
          "what was read can be written and read again");
  Require(header_again.SerializeAsString() == header.SerializeAsString(), "with the same header");
  Require(Contents(payloads_again) == Contents(payloads), "and the same payloads");
}

}  // namespace
}  // namespace distill

// Protobuf would write a line to stderr for every string that is not UTF-8.
extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  google::protobuf::SetLogHandler(nullptr);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  distill::Check<distill::v1::DistillRequest>(bytes, data[0]);
  distill::Check<distill::v1::DistillResponse>(bytes, data[0]);
  return 0;
}
