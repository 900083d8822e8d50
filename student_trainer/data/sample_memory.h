// SampleMemory is memory that consecutive samples are read into and that becomes the inputs of a
// batch.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/contract/input_batch.h"
#include "student_trainer/data/dataset.h"

namespace distill {

// Returns the bytes of one sample of an input, `length` long if its length varies.
absl::StatusOr<size_t> SampleBytes(const InputSpec& input, int64_t length);

class SampleMemory {
 public:
  // Allocates memory for these samples of the data set, or any subset of them in their order.
  // Returns RESOURCE_EXHAUSTED if memory is exhausted.
  static absl::StatusOr<SampleMemory> Allocate(const Dataset& dataset,
                                               absl::Span<const int64_t> samples);

  // Returns where the next sample, `length` long, is to be read: behind those that are kept.
  Destinations Next(int64_t length);
  // Keeps the sample that Next was called for.
  void Keep();

  // Returns the memory of an input: of the samples kept, and of those that may follow.
  absl::Span<uint8_t> all(size_t input) {
    return {inputs_[input].memory.get(), inputs_[input].bytes};
  }

  // Returns the samples that are kept, one batch per input.
  std::vector<InputBatch> Take() &&;

 private:
  struct Input {
    InputSpec spec;
    std::shared_ptr<uint8_t[]> memory;
    size_t bytes = 0;
    size_t kept = 0;  // bytes
  };

  SampleMemory() = default;

  std::vector<Input> inputs_;
  std::vector<absl::Span<uint8_t>> next_;
  int64_t next_length_ = 0;
  int64_t samples_ = 0;
  std::vector<int64_t> lengths_;
};

}  // namespace distill
