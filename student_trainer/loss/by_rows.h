// Computes losses of many classes in little memory: it processes a few rows at a time and takes
// their gradient immediately, so that only the gradient is kept and not every intermediate result.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "student_trainer/loss/objective_input.h"

namespace distill {

// The size of a chunk in elements of the logits: 1 MiB of float32.
inline constexpr int64_t kChunkElements = int64_t{1} << 18;

// Maps some rows to a scalar, the sum over them.
using SumOfRows = absl::FunctionRef<at::Tensor(const ObjectiveInput& rows)>;

// Returns sum(rows) of all rows, to call backward() on. Until then it holds one more copy of the
// logits if they are more than a chunk.
at::Tensor SumByRows(const ObjectiveInput& input, SumOfRows sum);

// Returns the same times T² / n: the mean, times the factor that keeps the size of gradients as T
// grows.
at::Tensor MeanByRows(const ObjectiveInput& input, SumOfRows sum);

struct ValueAndGradient {
  at::Tensor value;     // scalar
  at::Tensor gradient;  // of the value, with the shape of the logits
};

// Returns a scalar to call backward() on whose gradient by `logits` was computed together with it.
// `compute` is called once, without autograd.
at::Tensor WithGradient(const at::Tensor& logits, absl::FunctionRef<ValueAndGradient()> compute);

// Returns value and gradient of a function of some rows, by autograd.
ValueAndGradient Differentiate(const ObjectiveInput& rows, SumOfRows sum);

// Calls `function` for all rows, in chunks, in order. `begin` is the first row of the chunk.
void ForEachChunk(const ObjectiveInput& input,
                  absl::FunctionRef<void(const ObjectiveInput& rows, int64_t begin)> function);

}  // namespace distill
