// Selects the samples that are held out, labelled, or in the transfer set. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace distill {

// At most one of a count and a fraction may be set. With neither, the validation part is
// kDefaultValFraction, and all remaining labels are kept. A fraction means the nearest whole number
// of samples.
struct SplitOptions {
  std::optional<int64_t> val_count;
  std::optional<double> val_fraction;    // of the labelled samples, [0, 1)
  std::optional<int64_t> label_count;    // labels kept of what remains; 0: none
  std::optional<double> label_fraction;  // [0, 1]
  uint64_t split_seed = 0;

  // INVALID_ARGUMENT names the field, its value and what is allowed.
  absl::Status Validate() const;
};

inline constexpr double kDefaultValFraction = 0.1;

struct Split {
  std::vector<int64_t> validation;  // ascending; labelled
  std::vector<int64_t> labelled;    // ascending; their labels may be trained on
  std::vector<int64_t> unlabelled;  // ascending; transfer set without labels
};

// Draws the validation part first and then the labels, both stratified (largest remainder: each
// class within one of its share, the total exact), as a function of labels and split_seed alone.
// Samples beyond label_count become unlabelled. `labels` has one entry per sample, -1 for none.
// Returns INVALID_ARGUMENT if a count is larger than the number of samples available.
absl::StatusOr<Split> SplitDataset(absl::Span<const int64_t> labels, const SplitOptions& options);

}  // namespace distill
