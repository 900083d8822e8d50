// OutputSpec describes one output of a model: a row of numbers per sample, or per position of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace distill {

enum class OutputKind {
  kLogits,    // a distribution over classes
  kFeatures,  // the pooled vector before the classifier
  kHidden,    // the state of a layer
};

// "logits", "features", "hidden".
absl::string_view Name(OutputKind kind);
std::optional<OutputKind> OutputKindFromName(absl::string_view name);

// The name of the output that is meant where none is named.
inline constexpr char kLogitsOutput[] = "logits";

struct OutputSpec {
  std::string name;
  OutputKind kind = OutputKind::kLogits;
  int64_t width = 0;            // numbers of a row: the classes of logits
  int64_t rows_per_sample = 1;  // -1: as many as the sample's length

  friend bool operator==(const OutputSpec&, const OutputSpec&) = default;
};

// Returns the index of the output, or -1.
int64_t IndexOf(absl::string_view name, const std::vector<OutputSpec>& outputs);

}  // namespace distill
