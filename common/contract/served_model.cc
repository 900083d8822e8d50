#include "common/contract/served_model.h"

namespace distill {

std::vector<OutputSpec> OutputsOf(const ModelInfo& model) {
  if (!model.outputs.empty() || model.classes == 0) return model.outputs;
  return {{.name = kLogitsOutput,
           .kind = OutputKind::kLogits,
           .width = model.classes,
           .rows_per_sample = model.rows_per_sample}};
}

}  // namespace distill
