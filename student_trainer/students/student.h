// The model that a run trains, and what its config.json will say.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/contract/served_model.h"
#include "student_trainer/options/train_options.h"
#include "student_trainer/options/training_data.h"
#include "student_trainer/students/trainable_model.h"

namespace distill {

// --student: a name of the zoo, with fresh parameters; or a model directory, to start from its
// weights and normalisation; of a TorchScript the module itself is trained. --init_from: see
// init_from.h. `samples` are what is trained on. Errors name the option and what does not fit:
// inputs, classes, weights.
absl::StatusOr<TrainableModel> MakeStudent(const TrainOptions& options, TrainingData& data,
                                           absl::Span<const int64_t> samples,
                                           const std::optional<ModelInfo>& teacher);

// Writes how the student is trained into its description, which config.json holds.
void Describe(const TrainOptions& options, const TrainingData& data, size_t samples,
              const std::optional<ModelInfo>& teacher, ModelDescription& description);

}  // namespace distill
