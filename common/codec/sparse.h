// Converts sparse soft targets: the k most likely classes, samples of the distribution, or both.
// The functions are pure.
//
// kSampled and kHeadSampled estimate the full distribution p = softmax(logits / T) without bias.
// kSampled uses counts / draws (importance sampling with the proposal p itself; Anshumann et al.,
// "Sparse logit sampling", 2025, arXiv:2503.16870, section 4). kHeadSampled uses p on the head and
// tail mass · counts / draws outside it, where the draws come from p renormalised over the tail: a
// stratified sample, whose variance is the squared tail mass times the variance of the tail alone.
#pragma once

#include <ATen/core/Tensor.h>

#include "absl/types/span.h"
#include "common/codec/decoded.h"
#include "common/contract/target_spec.h"

namespace distill {

// Encodes as EncodeTargets does. Log-probabilities and tail are sent in float16: their relative
// error is ≤ 2^-11, so the error of a probability p is at most p·|log p|·2^-11 ≤ 1.8e-4; values
// below -65504 are clamped to it. The tail of k = classes, which is empty, is also -65504.
EncodedTargets EncodeSparse(const TargetSpec& spec, const at::Tensor& logits,
                            const EncodeOptions& options, int64_t first_row);

// Decode as DecodeTargets does. The rounding error that float16 adds to the sum of the
// probabilities of a row is corrected in proportion.
TopKTargets DecodeTopK(absl::Span<const EncodedTargets> answers);
SampledTargets DecodeSampled(absl::Span<const EncodedTargets> answers);

}  // namespace distill
