// The stream's layout: a small header message, and tensor bytes that never enter a message object.
//
// On the wire a frame is one plain protobuf message whose field 15, `repeated bytes payload`, holds
// one tensor an element (teacher.proto). WriteFrame puts reference-counted slices behind the
// serialised header; ReadFrame scans the top-level fields, in any order, takes the payloads as
// views of the received slices, and hands the rest to protobuf. So a plain protobuf peer sees an
// ordinary message.
#pragma once

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/tensor/bytes.h"

namespace distill {

// The field number of `payload` in DistillRequest and DistillResponse.
inline constexpr int kPayloadField = 15;

// Bounds on what a frame from a peer can make a reader allocate: message objects and lists take up
// to some 40 times the bytes that describe them on the wire.
inline constexpr size_t kMaxHeaderBytes = 1 << 20;  // all fields but the payloads
inline constexpr size_t kMaxPayloads = 1024;

// The buffer's slices refer to the payloads' memory, and keep it alive. `header` has no payload.
grpc::ByteBuffer WriteFrame(const google::protobuf::MessageLite& header,
                            absl::Span<const Bytes> payloads);

// Parses the frame into `header` (its payload field stays empty) and `payloads`, which refer to the
// buffer's slices. INVALID_ARGUMENT for anything that is no such message: a broken tag or length, a
// length past the end, a payload of the wrong wire type, a top-level group, a header that protobuf
// refuses, more header or payloads than the bounds above; `header` and `payloads` are then
// unspecified. Copies no payload byte.
absl::Status ReadFrame(const grpc::ByteBuffer& frame, google::protobuf::MessageLite* header,
                       std::vector<Bytes>* payloads);

}  // namespace distill
