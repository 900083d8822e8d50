// FitToStudent gives a student of a lower resolution what it sees of a batch of views.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "common/contract/input_batch.h"
#include "common/contract/input_spec.h"
#include "common/tensor/host_tensor.h"

namespace distill {

// Returns the inputs [n, …] as the student's input has them: images of a larger size are
// downsampled, everything else is returned as it is; a -1 in the student's shape is any length.
// Returns errors of Downsample.
absl::StatusOr<HostTensor> FitToStudent(const HostTensor& inputs, const InputSpec& student);

// Returns each of the inputs that `chosen` lists as the student's input of the same place has it.
absl::StatusOr<std::vector<InputBatch>> FitToStudent(const std::vector<InputBatch>& inputs,
                                                     const std::vector<size_t>& chosen,
                                                     const std::vector<InputSpec>& student);

}  // namespace distill
