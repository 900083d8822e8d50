// Frames for the tests of the wire layout: sliced and flattened ByteBuffers, and sample messages.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <string>
#include <vector>

#include "common/tensor/bytes.h"
#include "distill/v1/teacher.pb.h"

namespace distill {

// Returns the bytes of the frame as sent.
inline std::string Flatten(const grpc::ByteBuffer& frame) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!frame.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

// Returns the bytes as one frame of several slices, cut at the given offsets (ascending).
inline grpc::ByteBuffer Sliced(const std::string& bytes, const std::vector<size_t>& cuts = {}) {
  std::vector<grpc::Slice> slices;
  size_t begin = 0;
  for (const size_t cut : cuts) {
    slices.emplace_back(bytes.data() + begin, cut - begin);
    begin = cut;
  }
  slices.emplace_back(bytes.data() + begin, bytes.size() - begin);
  return grpc::ByteBuffer(slices.data(), slices.size());
}

inline v1::DistillRequest SampleRequest() {
  v1::DistillRequest message;
  v1::Request* request = message.mutable_request();
  request->set_id(300);
  request->set_temperature(2.5f);
  request->set_seed(0x8000000000000001u);
  v1::Tensor* tensor = request->add_tensors();
  tensor->set_dtype(v1::DTYPE_UINT8);
  tensor->add_shape(2);
  tensor->add_shape(150);
  return message;
}

inline std::vector<Bytes> Payloads(const std::vector<std::string>& contents) {
  std::vector<Bytes> payloads;
  for (const std::string& content : contents) payloads.push_back(Bytes::FromString(content));
  return payloads;
}

inline std::vector<std::string> Contents(const std::vector<Bytes>& payloads) {
  std::vector<std::string> contents;
  for (const Bytes& payload : payloads) contents.push_back(payload.ToString());
  return contents;
}

}  // namespace distill
