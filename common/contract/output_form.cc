#include "common/contract/output_form.h"

namespace distill {

absl::string_view Name(OutputForm form) {
  switch (form) {
    case OutputForm::kLogits:
      return "logits";
    case OutputForm::kProbabilities:
      return "probabilities";
    case OutputForm::kLogProbabilities:
      return "log_probabilities";
    case OutputForm::kSigmoid:
      return "sigmoid";
  }
  return "";
}

std::optional<OutputForm> OutputFormFromName(absl::string_view name) {
  for (const OutputForm form : {OutputForm::kLogits, OutputForm::kProbabilities,
                                OutputForm::kLogProbabilities, OutputForm::kSigmoid}) {
    if (name == Name(form)) return form;
  }
  return std::nullopt;
}

}  // namespace distill
