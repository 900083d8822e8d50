// Autocast: matrix products and convolutions in a narrow type, parameters and sums in float32.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include "student_trainer/step/autocast_kind.h"

namespace distill {

// While it lives, this thread's operations on the device are Torch's autocast (torch.autocast): for
// the student's forward pass. The backward pass runs outside. On a CPU without AVX512-BF16 it is
// far slower than float32.
class AutocastScope {
 public:
  AutocastScope(Autocast autocast, at::DeviceType device);
  ~AutocastScope();
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  const Autocast autocast_;
  const at::DeviceType device_;
  const bool was_enabled_;
  const at::ScalarType was_dtype_;
};

}  // namespace distill
