// Losses of many classes in little memory: a few rows at a time, whose gradient is taken at once,
// so that what lives is the gradient and not every step towards it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "student_trainer/loss/objective_input.h"

namespace distill {

// What is worked on at a time, in elements of the logits: 1 MiB of float32.
inline constexpr int64_t kChunkElements = int64_t{1} << 18;

// Some rows → a scalar, the sum over them.
using SumOfRows = absl::FunctionRef<at::Tensor(const ObjectiveInput& rows)>;

// sum(rows) of all rows, to call backward() on. Holds one more copy of the logits until then, where
// they are more than a chunk.
at::Tensor SumByRows(const ObjectiveInput& input, SumOfRows sum);

// The same times T² / n: the mean, and the factor that keeps the size of gradients as T grows.
at::Tensor MeanByRows(const ObjectiveInput& input, SumOfRows sum);

struct ValueAndGradient {
  at::Tensor value;     // scalar
  at::Tensor gradient;  // of the value, as the logits
};

// A scalar to call backward() on whose gradient by `logits` was computed with it. `compute` is
// called once, without autograd.
at::Tensor WithGradient(const at::Tensor& logits, absl::FunctionRef<ValueAndGradient()> compute);

// Both of a function of some rows, by autograd.
ValueAndGradient Differentiate(const ObjectiveInput& rows, SumOfRows sum);

// Calls `function` for all rows, in chunks, in order. `begin`: the first row of them.
void ForEachChunk(const ObjectiveInput& input,
                  absl::FunctionRef<void(const ObjectiveInput& rows, int64_t begin)> function);

}  // namespace distill
