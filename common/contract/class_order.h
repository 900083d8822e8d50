// Matches the classes of two sides by name.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace distill {

// Returns the permutation that brings `model`, the class names of a model of `classes` classes,
// into the order `wanted`: result[i] is the index of wanted[i]; null if the orders are equal or one
// side has no names. Returns INVALID_ARGUMENT for a wanted name that repeats, and
// FAILED_PRECONDITION if the sets differ or, where the model has no names, the numbers differ. The
// message has both lists; of long lists only the names that the other side lacks.
absl::StatusOr<std::shared_ptr<const std::vector<int64_t>>> ClassOrder(
    absl::Span<const std::string> model, int64_t classes, absl::Span<const std::string> wanted);

// Returns a name that came from a peer or a file as messages show it: quoted, escaped, shortened to
// 40 bytes.
std::string QuotedName(absl::string_view text);

}  // namespace distill
