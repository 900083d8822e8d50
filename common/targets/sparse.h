// Sparse soft targets: the k most likely classes, samples of the distribution, or both. Pure
// functions of their arguments.
//
// kSampled and kHeadSampled estimate the full distribution p = softmax(logits / T) without bias:
// kSampled by counts / draws (importance sampling with the proposal p itself; Anshumann et al.,
// "Sparse logit sampling", 2025, arXiv:2503.16870, section 4); kHeadSampled by p on the head, and
// tail mass · counts / draws beyond it, where the draws come from p renormalised over the tail: a
// stratified sample, whose variance is the tail mass squared that of the tail alone.
#pragma once

#include <ATen/core/Tensor.h>

#include "absl/types/span.h"
#include "common/targets/decoded.h"
#include "common/targets/encoding.h"
#include "common/tensor/target_spec.h"

namespace distill {

// As EncodeTargets. Log-probabilities and tail travel in float16: relative error ≤ 2^-11, so that
// of a probability p is at most p·|log p|·2^-11 ≤ 1.8e-4; below -65504 they are clamped there. The
// tail of k = classes is that, too: none.
EncodedTargets EncodeSparse(const TargetSpec& spec, const at::Tensor& logits,
                            const EncodeOptions& options);

// As DecodeTargets. What float16 took from the sum of a row's probabilities is given back in
// proportion.
TopKTargets DecodeTopK(absl::Span<const EncodedTargets> answers);
SampledTargets DecodeSampled(absl::Span<const EncodedTargets> answers);

}  // namespace distill
