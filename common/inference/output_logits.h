// Logits of what a model gives, where that is probabilities.
#pragma once

#include <ATen/core/Tensor.h>

#include "common/contract/output_form.h"

namespace distill {

// Returns logits [..., classes], float32, of `output` [..., classes], whose form is `form`:
// probabilities become their logarithms, those of a sigmoid the logarithms of their odds.
// Probabilities of 0 and 1 count as the float32 next to them, so that the logits are finite. An
// output of one column is that of the second of two classes.
at::Tensor ToLogits(OutputForm form, const at::Tensor& output);

// Returns the form that all rows of `output` [..., classes] have; kLogits if they have no other.
// Rows of a softmax sum to 1, the exponentials of those of a log-softmax do, and what a sigmoid
// gives lies above 0 and not above 1.
OutputForm LooksLike(const at::Tensor& output);

}  // namespace distill
