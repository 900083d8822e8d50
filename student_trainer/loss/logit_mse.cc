#include "student_trainer/loss/logit_mse.h"

#include <ATen/ATen.h>

#include "student_trainer/loss/by_rows.h"

namespace distill {

at::Tensor LogitMse(const ObjectiveInput& input, absl::Span<const double> /*parameters*/) {
  const at::Tensor sum = SumByRows(input, [](const ObjectiveInput& rows) {
    return (StudentLogits(rows) - TeacherLogits(rows)).square().sum();
  });
  return sum / static_cast<double>(input.student_logits.numel());
}

}  // namespace distill
