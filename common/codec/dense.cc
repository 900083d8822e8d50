#include "common/codec/dense.h"

#include <ATen/ATen.h>

#include "common/codec/parts.h"
#include "common/contract/target_values.h"
#include "common/torch/host_tensors.h"

namespace distill {
namespace {

// Returns [rows, classes] on the CPU in memory that holds nothing else: a slice of a larger batch
// would keep the whole batch alive until this part is sent.
at::Tensor OwnMemory(const at::Tensor& logits) {
  const at::Tensor host = logits.detach().cpu().contiguous();
  return host.storage().nbytes() == host.nbytes() ? host : host.clone();
}

// Returns the lowest value that is sent: for float16 its own lowest, for bfloat16 one within
// kLargestLogit.
double Lowest(at::ScalarType type) { return type == at::kHalf ? -65504 : -0.9 * kLargestLogit; }

}  // namespace

EncodedTargets EncodeDense(const TargetSpec& spec, const at::Tensor& logits) {
  EncodedTargets targets{spec, logits.size(0), logits.size(1), {}};
  if (spec.encoding == TargetEncoding::kDenseF32) {
    targets.parts = {FromTorch(OwnMemory(logits))};
    return targets;
  }
  const at::ScalarType narrow =
      spec.encoding == TargetEncoding::kDenseF16 ? at::kHalf : at::kBFloat16;
  const at::Tensor maximum = logits.amax(1, /*keepdim=*/true);  // [rows, 1]
  const at::Tensor below = at::sub(logits, maximum).clamp_min_(Lowest(narrow)).to(narrow);
  targets.parts = {FromTorch(below), FromTorch(maximum.squeeze(1))};
  return targets;
}

EncodedTargets EncodeVectors(const TargetSpec& spec, const at::Tensor& values) {
  const DType dtype = PartsOf(spec, 0, values.size(1)).front().dtype;
  const at::Tensor sent = dtype == DType::kFloat32 ? OwnMemory(values) : values.to(ToTorch(dtype));
  return {spec, values.size(0), values.size(1), {FromTorch(sent)}};
}

at::Tensor DecodeVectors(absl::Span<const EncodedTargets> answers) {
  return PartToTorch(answers, 0).to(at::kFloat);
}

at::Tensor DecodeDense(absl::Span<const EncodedTargets> answers) {
  const at::Tensor logits = PartToTorch(answers, 0);  // [rows, classes]
  if (answers.front().parts.size() == 1) return logits;
  return logits.to(at::kFloat).add_(PartToTorch(answers, 1).unsqueeze(1));
}

}  // namespace distill
