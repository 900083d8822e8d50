#include "student_trainer/views/resample/fit_to_student.h"

#include "common/base/status_macros.h"
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

absl::StatusOr<std::vector<InputBatch>> FitToStudent(const std::vector<InputBatch>& inputs,
                                                     const std::vector<size_t>& chosen,
                                                     const std::vector<InputSpec>& student) {
  std::vector<InputBatch> fitted;
  for (size_t i = 0; i < chosen.size(); ++i) {
    InputBatch input = inputs[chosen[i]];
    if (input.lengths.empty()) {
      ASSIGN_OR_RETURN(input.values, FitToStudent(input.values, student[i]));
    }
    fitted.push_back(std::move(input));
  }
  return fitted;
}

}  // namespace distill
