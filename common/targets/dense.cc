#include "common/targets/dense.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/models/host_tensors.h"

namespace distill {
namespace {

constexpr double kLowestHalf = -65504;

// [rows, classes] → itself on the CPU, in memory that holds nothing else: a slice of a larger batch
// would keep all of it alive until this part is sent.
at::Tensor OwnMemory(const at::Tensor& logits) {
  const at::Tensor host = logits.detach().cpu().contiguous();
  return host.storage().nbytes() == host.nbytes() ? host : host.clone();
}

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
  const at::Tensor below = at::sub(logits, maximum).clamp_min_(kLowestHalf).to(narrow);
  targets.parts = {FromTorch(below), FromTorch(maximum.squeeze(1))};
  return targets;
}

absl::StatusOr<at::Tensor> DecodeDense(const EncodedTargets& targets) {
  at::Tensor logits = ToTorch(targets.parts[0]);  // [rows, classes]
  if (targets.parts.size() > 1) {
    logits = logits.to(at::kFloat).add_(ToTorch(targets.parts[1]).unsqueeze(1));
  }
  // The sum of x - x is 0, or NaN where any x is NaN or infinite.
  if (at::sub(logits, logits).sum().item<float>() != 0) {
    return absl::InvalidArgumentError(absl::StrCat("soft targets [", targets.rows, ", ",
                                                   targets.classes,
                                                   "] hold a NaN or an infinite logit"));
  }
  return logits;
}

absl::StatusOr<at::Tensor> DecodeDense(absl::Span<const EncodedTargets> answers) {
  std::vector<at::Tensor> parts;
  for (const EncodedTargets& answer : answers) {
    ASSIGN_OR_RETURN(parts.emplace_back(), DecodeDense(answer));
  }
  return parts.size() == 1 ? parts[0] : at::cat(parts);
}

}  // namespace distill
