#include "common/contract/output_spec.h"

namespace distill {

absl::string_view Name(OutputKind kind) {
  switch (kind) {
    case OutputKind::kLogits:
      return "logits";
    case OutputKind::kFeatures:
      return "features";
    case OutputKind::kHidden:
      return "hidden";
  }
  return "";
}

std::optional<OutputKind> OutputKindFromName(absl::string_view name) {
  for (const OutputKind kind : {OutputKind::kLogits, OutputKind::kFeatures, OutputKind::kHidden}) {
    if (name == Name(kind)) return kind;
  }
  return std::nullopt;
}

int64_t IndexOf(absl::string_view name, const std::vector<OutputSpec>& outputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].name == name) return static_cast<int64_t>(i);
  }
  return -1;
}

}  // namespace distill
