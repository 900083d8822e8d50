#include "student_trainer/data/sample_memory.h"

#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace distill {

absl::StatusOr<SampleMemory> SampleMemory::Allocate(const InputSpec& input, int64_t samples) {
  SampleMemory memory;
  memory.input_ = input;
  ASSIGN_OR_RETURN(memory.sample_bytes_, ByteSize(input.dtype, input.shape));
  Shape shape = input.shape;
  shape.insert(shape.begin(), samples);
  ASSIGN_OR_RETURN(memory.total_bytes_, ByteSize(input.dtype, shape));
  memory.memory_.reset(new (std::nothrow) uint8_t[memory.total_bytes_]);
  if (memory.memory_ == nullptr) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot hold the samples: there is no memory for ", samples, " of ",
                     memory.sample_bytes_, " bytes"));
  }
  return memory;
}

HostTensor SampleMemory::Take(int64_t samples) && {
  HostTensor tensor{input_.dtype, input_.shape, Bytes()};
  tensor.shape.insert(tensor.shape.begin(), samples);
  const size_t bytes = static_cast<size_t>(samples) * sample_bytes_;
  const uint8_t* const data = memory_.get();
  if (bytes > 0) tensor.bytes = Bytes::Wrap(std::move(memory_), Bytes::Piece(data, bytes));
  return tensor;
}

}  // namespace distill
