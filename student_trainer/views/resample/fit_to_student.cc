#include "student_trainer/views/resample/fit_to_student.h"

#include "student_trainer/views/resample/resample.h"

namespace distill {

absl::StatusOr<HostTensor> FitToStudent(const HostTensor& inputs, const InputSpec& student) {
  const Shape own(inputs.shape.begin() + 1, inputs.shape.end());
  if (own == student.shape || own.size() != 3 || student.shape.size() != 3) return inputs;
  return Downsample(inputs, student.shape[1], student.shape[2]);
}

}  // namespace distill
