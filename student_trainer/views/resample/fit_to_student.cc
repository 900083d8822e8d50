#include "student_trainer/views/resample/fit_to_student.h"

#include "student_trainer/views/resample/resample.h"

namespace distill {

absl::StatusOr<HostTensor> FitToStudent(const HostTensor& inputs, const InputSpec& student) {
  const Shape own(inputs.shape.begin() + 1, inputs.shape.end());
  if (own.size() != 3 || student.shape.size() != 3) return inputs;
  const int64_t height = student.shape[1] == -1 ? own[1] : student.shape[1];
  const int64_t width = student.shape[2] == -1 ? own[2] : student.shape[2];
  if (own[1] == height && own[2] == width) return inputs;
  return Downsample(inputs, height, width);
}

}  // namespace distill
