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

// result[i] is the model's index of class i of the other side; null: all of them, in its order.
using ClassIndices = std::shared_ptr<const std::vector<int64_t>>;

// Whether the wanted classes are all of the model's, or may be some of them.
enum class Wanted { kAll, kSome };

// Matches `wanted` with `model`, the class names of a model of `classes` classes; also null if one
// side has no names. Returns INVALID_ARGUMENT for a wanted name that repeats, and
// FAILED_PRECONDITION if the sets differ (kSome: if the model lacks one), where the model has no
// names if the numbers differ (kSome: always). The message has both lists; of long lists only the
// names that the other side lacks, which are shown with their bytes where they may look alike.
absl::StatusOr<ClassIndices> ClassOrder(absl::Span<const std::string> model, int64_t classes,
                                        absl::Span<const std::string> wanted,
                                        Wanted part = Wanted::kAll);

// Returns `indices` of a model of `classes` classes. INVALID_ARGUMENT names one that is out of
// range or repeats.
absl::StatusOr<ClassIndices> ClassesAt(absl::Span<const int64_t> indices, int64_t classes);

// Returns a name that came from a peer or a file as messages show it: quoted, escaped, shortened to
// 40 bytes.
std::string QuotedName(absl::string_view text);

}  // namespace distill
