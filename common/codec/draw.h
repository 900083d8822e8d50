// Draws samples of categorical distributions as a function of a seed.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace distill {

// Draws `draws` samples with replacement from softmax(logits) of each row. Draw j of row i is a
// function of the logits of the row and of (seed, first_row + i, j) alone. logits: float [rows,
// classes]; -inf excludes a class, and at least one logit per row is finite. Returns int64 [rows,
// draws] on the CPU, ascending.
at::Tensor Draw(const at::Tensor& logits, int64_t draws, uint64_t seed, int64_t first_row);

// Merges equal neighbours. drawn: the result of Draw.
struct Tally {
  at::Tensor ids;     // int64 [rows, draws]: distinct, ascending, then zeros
  at::Tensor counts;  // int64 [rows, draws]: > 0 where there is an id, then zeros
};
Tally Count(const at::Tensor& drawn);

}  // namespace distill
