// Measures the mean and deviation that inputs are normalised with.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/model_directory/model_directory.h"
#include "student_trainer/data/corrupt_samples.h"
#include "student_trainer/data/dataset.h"

namespace distill {

// For uint8 images, returns scale 255, and mean and standard deviation of each channel over
// `samples`; a deviation of 0 counts as 1. Of images that must be decoded, 4,096 spread over the
// samples are used. Other inputs are not normalised: the result is the identity. Returns
// INVALID_ARGUMENT if there are no samples to measure, and the errors that `corrupt` passes on.
absl::StatusOr<Normalization> MeasureNormalization(const Dataset& dataset,
                                                   absl::Span<const int64_t> samples,
                                                   CorruptSamples& corrupt);

}  // namespace distill
