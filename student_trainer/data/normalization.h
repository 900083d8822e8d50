// Measures the mean and deviation that inputs are normalised with.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/model_directory/model_directory.h"
#include "student_trainer/data/corrupt_samples.h"
#include "student_trainer/data/dataset.h"

namespace distill {

// Returns the mean and standard deviation of the only input, if it IsNormalized, over `samples`: of
// each channel of [channels, height, width], otherwise one of each for all values; a deviation of 0
// counts as 1. The scale is 255 for uint8, otherwise 1. Of images that must be decoded, and of
// numbers other than uint8, 4,096 spread over the samples are used. For another input the result is
// the identity. Returns INVALID_ARGUMENT if there are no samples to measure, and the errors that
// `corrupt` passes on; both name the data set as `corrupt` does.
absl::StatusOr<Normalization> MeasureNormalization(const Dataset& dataset,
                                                   absl::Span<const int64_t> samples,
                                                   CorruptSamples& corrupt);

}  // namespace distill
