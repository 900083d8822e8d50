// Row masks say which positions of the samples of a request are wanted: one bit per position, the
// samples one after the other, from the lowest bit of the first byte up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace distill {

// Packs `wanted`, one value per position.
std::string PackRowMask(const std::vector<bool>& wanted);

// Expects a mask of samples of these lengths, each ≥ 1, whose sum does not overflow. Returns
// INVALID_ARGUMENT for another number of bytes, an unused bit that is 1, and a sample without a
// position, which it names.
absl::Status CheckRowMask(absl::string_view mask, absl::Span<const int64_t> lengths);

// Return the positions that a mask selects, ascending, and their number. An empty mask selects all
// `positions`.
std::vector<int64_t> SelectedRows(absl::string_view mask, int64_t positions);
int64_t CountSelectedRows(absl::string_view mask, int64_t positions);

}  // namespace distill
