// DecidingOptions: the options that decide what a run learns, as values.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "common/tensor/host_tensor.h"
#include "student_trainer/options/train_options.h"

namespace distill {

// Returns an object by the options' names, with what was left out resolved, so that a default and
// the same value given are equal. Left out are options that name places or only affect speed; those
// of the data, the split and the student's form, which a run compares themselves; and those of a
// teacher where none is asked. `shape` is that of a sample, `samples` the number trained on. Errors
// of ResolvedViews and ResolveObjective.
absl::StatusOr<nlohmann::json> DecidingOptions(const TrainOptions& options, const Shape& shape,
                                               int64_t samples);

}  // namespace distill
