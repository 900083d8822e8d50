// SampleMemory is memory that consecutive samples are read into and that becomes the tensor of a
// batch.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/contract/input_spec.h"
#include "common/tensor/host_tensor.h"

namespace distill {

class SampleMemory {
 public:
  // Allocates memory for `samples` ≥ 0 samples of `input`. Returns RESOURCE_EXHAUSTED if memory is
  // exhausted.
  static absl::StatusOr<SampleMemory> Allocate(const InputSpec& input, int64_t samples);

  // Return the bytes of sample i, or of all.
  absl::Span<uint8_t> sample(int64_t i) {
    return {memory_.get() + static_cast<size_t>(i) * sample_bytes_, sample_bytes_};
  }
  absl::Span<uint8_t> all() { return {memory_.get(), total_bytes_}; }

  // Returns the first `samples` samples as [samples, …].
  HostTensor Take(int64_t samples) &&;

 private:
  SampleMemory() = default;

  InputSpec input_;
  size_t sample_bytes_ = 0;
  size_t total_bytes_ = 0;
  std::shared_ptr<uint8_t[]> memory_;
};

}  // namespace distill
