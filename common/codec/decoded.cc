#include "common/codec/decoded.h"

#include <ATen/ATen.h>

namespace distill {
namespace {

at::Tensor IdOfLargest(const at::Tensor& ids, const at::Tensor& values) {
  return ids.gather(1, values.argmax(1, /*keepdim=*/true)).squeeze(1);
}

}  // namespace

absl::string_view Name(TargetForm form) {
  switch (form) {
    case TargetForm::kFullLogits:
      return "full logits";
    case TargetForm::kTopK:
      return "top-k with tail";
    case TargetForm::kSampled:
      return "samples";
    case TargetForm::kVectors:
      return "vectors";
  }
  return "unknown";
}

TargetForm FormOf(TargetEncoding encoding) {
  if (HasDraws(encoding)) return TargetForm::kSampled;
  return HasK(encoding) ? TargetForm::kTopK : TargetForm::kFullLogits;
}

TargetForm FormOf(const TargetSpec& spec) {
  return spec.kind == OutputKind::kLogits ? FormOf(spec.encoding) : TargetForm::kVectors;
}

int64_t Rows(const DecodedTargets& targets) {
  if (const auto* vectors = std::get_if<Vectors>(&targets)) return vectors->values.size(0);
  if (const auto* full = std::get_if<FullLogits>(&targets)) return full->logits.size(0);
  if (const auto* top_k = std::get_if<TopKTargets>(&targets)) return top_k->ids.size(0);
  return std::get<SampledTargets>(targets).ids.size(0);
}

int64_t Classes(const DecodedTargets& targets) {
  if (const auto* vectors = std::get_if<Vectors>(&targets)) return vectors->values.size(1);
  if (const auto* full = std::get_if<FullLogits>(&targets)) return full->logits.size(1);
  if (const auto* top_k = std::get_if<TopKTargets>(&targets)) return top_k->classes;
  return std::get<SampledTargets>(targets).classes;
}

DecodedTargets SelectRows(const DecodedTargets& targets, const at::Tensor& index) {
  const auto select = [&index](const at::Tensor& rows) { return rows.index_select(0, index); };
  if (const auto* full = std::get_if<FullLogits>(&targets)) {
    return FullLogits{select(full->logits)};
  }
  if (const auto* top_k = std::get_if<TopKTargets>(&targets)) {
    return TopKTargets{select(top_k->ids), select(top_k->log_probabilities),
                       select(top_k->log_tail), top_k->classes};
  }
  if (const auto* vectors = std::get_if<Vectors>(&targets)) {
    return Vectors{select(vectors->values)};
  }
  const auto& sampled = std::get<SampledTargets>(targets);
  return SampledTargets{select(sampled.ids), select(sampled.weights), sampled.classes};
}

at::Tensor MostLikely(const DecodedTargets& targets) {
  if (const auto* full = std::get_if<FullLogits>(&targets)) return full->logits.argmax(1);
  if (const auto* top_k = std::get_if<TopKTargets>(&targets)) {
    return IdOfLargest(top_k->ids, top_k->log_probabilities);
  }
  const auto& sampled = std::get<SampledTargets>(targets);
  return IdOfLargest(sampled.ids, sampled.weights);
}

}  // namespace distill
