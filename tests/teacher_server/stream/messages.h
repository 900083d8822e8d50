// Plain protobuf messages as a client of FakeRunner's model would send them: one input uint8 [2].
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "distill/v1/teacher.pb.h"

namespace distill::testing {

inline v1::DistillRequest OpenMessage() {
  v1::DistillRequest message;
  message.mutable_open()->set_client("test");
  message.mutable_open()->mutable_targets()->set_encoding(v1::TARGET_ENCODING_DENSE_F32);
  return message;
}

// All samples' elements are `value`.
inline v1::DistillRequest RequestMessage(uint64_t id, int64_t samples = 1, uint8_t value = 1) {
  v1::DistillRequest message;
  v1::Request& request = *message.mutable_request();
  request.set_id(id);
  request.set_temperature(1);
  v1::Tensor& tensor = *request.add_tensors();
  tensor.set_dtype(v1::DTYPE_UINT8);
  tensor.add_shape(samples);
  tensor.add_shape(2);
  message.add_payload(std::string(static_cast<size_t>(2 * samples), static_cast<char>(value)));
  return message;
}

// The float32 elements of the answer's first payload.
inline std::vector<float> LogitsOf(const v1::DistillResponse& response) {
  if (response.payload_size() != 1) return {};
  const std::string& bytes = response.payload(0);
  std::vector<float> logits(bytes.size() / sizeof(float));
  std::memcpy(logits.data(), bytes.data(), logits.size() * sizeof(float));
  return logits;
}

}  // namespace distill::testing
