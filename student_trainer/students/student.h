// The model that a run trains, and what its config.json will say.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/contract/served_model.h"
#include "student_trainer/data/training/training_data.h"
#include "student_trainer/students/student_options.h"
#include "student_trainer/students/trainable_model.h"

namespace distill {

// --student: a name of the zoo, with fresh parameters; or a model directory, to start from its
// weights and normalisation; of a TorchScript the module itself is trained. --init_from: see
// init_from.h. `samples` are what is trained on; `seed` is of fresh parameters. Errors name the
// option and what does not fit: inputs, classes, weights.
absl::StatusOr<TrainableModel> MakeStudent(const StudentOptions& options, TrainingData& data,
                                           absl::Span<const int64_t> samples,
                                           const std::optional<ModelInfo>& teacher, uint64_t seed);

}  // namespace distill
