// Samples of different lengths as one batch: how far each is padded, and the mask that tells
// padding.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "common/contract/input_batch.h"

namespace distill {

// Samples are padded to multiples of this. The last bits of a row depend on how far its batch is
// padded, so how far a sample is padded depends on its own length alone.
inline constexpr int64_t kLengthStep = 16;

// Returns the length that a sample is padded to: the next multiple of kLengthStep, but at most
// `most`, or `length` if that is more.
int64_t PaddedLength(int64_t length, int64_t most);

// Returns bool [n, padded], true at the positions before each sample's length. `lengths`: int64
// [n].
at::Tensor PaddingMask(const at::Tensor& lengths, int64_t padded);

// Returns the mask of a batch of prepared inputs, one tensor [n, …] per spec: bool [n, length] of
// the first input of variable length. `lengths`, int64 [n]: how many positions of each sample are
// its own; undefined: those whose token is not `pad_id`, or all if inputs of variable length are
// not tokens. Undefined if no input has a variable length, or another than its first dimension
// varies.
at::Tensor InputMask(absl::Span<const InputSpec> specs, int64_t pad_id,
                     absl::Span<const at::Tensor> inputs, const at::Tensor& lengths);

// Returns whether padding can be told by a pad_id: all inputs of variable length are tokens,
// integers of shape [-1].
bool TellsPadding(absl::Span<const InputSpec> specs);

// Returns samples of a batch as one tensor per input, [samples, …], on the CPU: those with lengths
// are padded to `padded` with their PadValue.
std::vector<at::Tensor> PadSamples(absl::Span<const InputBatch> batch,
                                   absl::Span<const int64_t> samples, int64_t padded,
                                   int64_t pad_id);

// Samples that are computed together, as one batch in which each is padded to `padded`.
struct LengthGroup {
  int64_t padded = 0;
  std::vector<int64_t> samples;  // ascending
};

// Groups samples of these lengths by what each is padded to, ascending. Without `may_pad`, samples
// of one length are a group.
std::vector<LengthGroup> GroupByLength(absl::Span<const int64_t> lengths, bool may_pad,
                                       int64_t most);

// Returns the samples of a group from number `first` of it on, by their own lengths: for a model
// that cannot take what they are padded to, such as one of 20 positions. Empty if none of them is
// padded.
std::vector<LengthGroup> WithoutPadding(const LengthGroup& group, size_t first,
                                        absl::Span<const int64_t> lengths);

// Returns what fills input `input` behind the end of a sample: `pad_id` in the first input with
// lengths, whose tokens it belongs to, 0 in the others.
int64_t PadValue(absl::Span<const InputBatch> batch, size_t input, int64_t pad_id);

// Writes sample `sample` of `input`, which has lengths, to the front of `row` [padded, …], a
// contiguous tensor of the input's dtype on the CPU; `offset` is the sum of the lengths before it.
void CopySample(const InputBatch& input, int64_t sample, int64_t offset, const at::Tensor& row);

}  // namespace distill
