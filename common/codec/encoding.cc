#include "common/codec/encoding.h"

#include "common/codec/dense.h"
#include "common/codec/sparse.h"

namespace distill {

EncodedTargets EncodeTargets(const TargetSpec& spec, const at::Tensor& logits,
                             const EncodeOptions& options, int64_t first_row) {
  switch (FormOf(spec)) {
    case TargetForm::kFullLogits:
      return EncodeDense(spec, logits);
    case TargetForm::kVectors:
      return EncodeVectors(spec, logits);
    default:
      break;
  }
  return EncodeSparse(spec, logits, options, first_row);
}

DecodedTargets DecodeTargets(absl::Span<const EncodedTargets> answers) {
  switch (FormOf(answers.front().spec)) {
    case TargetForm::kFullLogits:
      return FullLogits{DecodeDense(answers)};
    case TargetForm::kTopK:
      return DecodeTopK(answers);
    case TargetForm::kSampled:
      return DecodeSampled(answers);
    case TargetForm::kVectors:
      return Vectors{DecodeVectors(answers)};
  }
  TORCH_CHECK(false, "a target form that is none");
}

DecodedTargets DecodeTargets(const EncodedTargets& answer) {
  return DecodeTargets(absl::MakeConstSpan(&answer, 1));
}

}  // namespace distill
