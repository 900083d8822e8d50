// Memory that samples are read into, one behind the other, and that becomes a batch's tensor.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/tensor/host_tensor.h"
#include "common/tensor/input_spec.h"

namespace distill {

class SampleMemory {
 public:
  // Room for `samples` ≥ 0 of `input`. RESOURCE_EXHAUSTED without memory.
  static absl::StatusOr<SampleMemory> Allocate(const InputSpec& input, int64_t samples);

  // The bytes of sample i, or of all.
  absl::Span<uint8_t> sample(int64_t i) {
    return {memory_.get() + static_cast<size_t>(i) * sample_bytes_, sample_bytes_};
  }
  absl::Span<uint8_t> all() { return {memory_.get(), total_bytes_}; }

  // The first `samples` as [samples, …].
  HostTensor Take(int64_t samples) &&;

 private:
  SampleMemory() = default;

  InputSpec input_;
  size_t sample_bytes_ = 0;
  size_t total_bytes_ = 0;
  std::shared_ptr<uint8_t[]> memory_;
};

}  // namespace distill
