// What must be the same for a run to be resumed.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/client/pool/teacher_pool.h"
#include "common/model_directory/model_directory.h"
#include "student_trainer/data/dataset.h"
#include "student_trainer/options/train_options.h"
#include "student_trainer/options/training_data.h"

namespace distill {

// sha256, in hex, over the data set's input and class names, and the number of `samples` and their
// labels: what is known of them before one is read.
std::string LabelsDigest(const Dataset& dataset, absl::Span<const int64_t> samples);

// As LabelsDigest of all samples, and over the bytes of 64 samples spread over the whole: what
// tells one data set from another without reading all of it. Samples that cannot be read count as
// empty. Errors of Dataset::Read other than DATA_LOSS.
absl::StatusOr<std::string> DataDigest(const Dataset& dataset);

// An object with everything that decides how a run continues: DecidingOptions, the data, the
// student, the teacher (null: none), and, of a deterministic run, the numerics of both sides.
// `samples`: the number trained on. Errors of DataDigest and DecidingOptions.
absl::StatusOr<nlohmann::json> RunIdentity(const TrainOptions& options, const TrainingData& data,
                                           const ModelDescription& student,
                                           const TeacherPool* teachers, int64_t samples);

// Returns a checkpoint's identity with the defaults of the options that it does not hold, since the
// version that wrote it did not have them or did not write what was left out. `training` is what
// its description holds of its training: the batch size that was chosen. `options`, `shape` and
// `samples` are those of now. DATA_LOSS for values that no version writes.
absl::StatusOr<nlohmann::json> WithDefaults(nlohmann::json checkpoint,
                                            const nlohmann::json& training,
                                            const TrainOptions& options, const Shape& shape,
                                            int64_t samples);

// FAILED_PRECONDITION lists what the checkpoint has another value for, or only one side has: both
// are objects, compared by their keys and values, not as text. Options that only the checkpoint has
// are not compared.
absl::Status CheckSameRun(const nlohmann::json& checkpoint, const nlohmann::json& now);

}  // namespace distill
