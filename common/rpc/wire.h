// Defines the layout of the stream: a small header message, and tensor bytes that are never copied
// into a message object.
//
// On the wire a frame is one plain protobuf message whose field 15, `repeated bytes payload`, holds
// one tensor per element (teacher.proto). WriteFrame appends reference-counted slices to the
// serialised header. ReadFrame scans the top-level fields, in any order, takes the payloads as
// views of the received slices, and passes the rest to protobuf. A plain protobuf peer therefore
// sees an ordinary message.
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
// to about 40 times the bytes that encode them on the wire.
inline constexpr size_t kMaxHeaderBytes = 1 << 20;  // all fields but the payloads
inline constexpr size_t kMaxPayloads = 1024;

// The slices of the buffer share the memory of the payloads and keep it alive. `header` has no
// payload.
grpc::ByteBuffer WriteFrame(const google::protobuf::MessageLite& header,
                            absl::Span<const Bytes> payloads);

// Parses the frame into `header` (whose payload field stays empty) and `payloads`, which share the
// slices of the buffer. Returns INVALID_ARGUMENT for anything that is not such a message: a broken
// tag or length, a length past the end, a payload of the wrong wire type, a top-level group, a
// header that protobuf rejects, or more header or payloads than the bounds above; `header` and
// `payloads` are then unspecified. Does not copy any payload byte.
absl::Status ReadFrame(const grpc::ByteBuffer& frame, google::protobuf::MessageLite* header,
                       std::vector<Bytes>* payloads);

}  // namespace distill
