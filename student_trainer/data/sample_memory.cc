#include "student_trainer/data/sample_memory.h"

#include <new>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/count.h"
#include "common/base/status_macros.h"

namespace distill {

absl::StatusOr<size_t> SampleBytes(const InputSpec& input, int64_t length) {
  Shape shape = input.shape;
  if (HasLengths(input)) shape[0] = length;
  return ByteSize(input.dtype, shape);
}

absl::StatusOr<SampleMemory> SampleMemory::Allocate(const Dataset& dataset,
                                                    absl::Span<const int64_t> samples) {
  SampleMemory memory;
  int64_t positions = 0;
  for (const int64_t sample : samples) positions += dataset.Length(sample);
  for (const InputSpec& spec : dataset.inputs()) {
    Input& input = memory.inputs_.emplace_back();
    input.spec = spec;
    if (HasLengths(spec)) {
      ASSIGN_OR_RETURN(input.bytes, SampleBytes(spec, positions));
    } else {
      Shape shape = spec.shape;
      shape.insert(shape.begin(), static_cast<int64_t>(samples.size()));
      ASSIGN_OR_RETURN(input.bytes, ByteSize(spec.dtype, shape));
    }
    input.memory.reset(new (std::nothrow) uint8_t[input.bytes]);
    if (input.memory == nullptr) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "cannot hold the samples: there is no memory for ",
          Count(static_cast<int64_t>(samples.size()), "sample"), " of ", input.bytes, " bytes"));
    }
  }
  return memory;
}

Destinations SampleMemory::Next(int64_t length) {
  next_length_ = length;
  next_.clear();
  for (Input& input : inputs_) {
    // As Allocate has checked, it does not overflow.
    const size_t bytes = SampleBytes(input.spec, length).value_or(0);
    next_.emplace_back(input.memory.get() + input.kept, bytes);
  }
  return next_;
}

void SampleMemory::Keep() {
  for (size_t i = 0; i < inputs_.size(); ++i) inputs_[i].kept += next_[i].size();
  lengths_.push_back(next_length_);
  ++samples_;
}

std::vector<InputBatch> SampleMemory::Take() && {
  const int64_t positions = std::accumulate(lengths_.begin(), lengths_.end(), int64_t{0});
  std::vector<InputBatch> batch;
  for (Input& input : inputs_) {
    InputBatch& taken = batch.emplace_back();
    taken.values = {input.spec.dtype, input.spec.shape, Bytes()};
    if (HasLengths(input.spec)) {
      taken.values.shape[0] = positions;
      taken.lengths = lengths_;
    } else {
      taken.values.shape.insert(taken.values.shape.begin(), samples_);
    }
    const uint8_t* const data = input.memory.get();
    if (input.kept > 0) {
      taken.values.bytes = Bytes::Wrap(std::move(input.memory), Bytes::Piece(data, input.kept));
    }
  }
  return batch;
}

}  // namespace distill
