// What must be the same for a run to be resumed.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/client/pool/teacher_pool.h"
#include "common/model_directory/model_directory.h"
#include "student_trainer/data/dataset.h"
#include "student_trainer/data/training/training_data.h"

namespace distill {

// sha256, in hex, over the data set's inputs and class names, and the number of `samples`, their
// lengths and their labels: what is known of them before one is read.
std::string LabelsDigest(const Dataset& dataset, absl::Span<const int64_t> samples);

// As LabelsDigest of all samples, and over the bytes of 64 samples spread over the whole: what
// tells one data set from another without reading all of it. Samples that cannot be read count as
// empty. Errors of Dataset::Read other than DATA_LOSS.
absl::StatusOr<std::string> DataDigest(const Dataset& dataset);

// Precedes the names of options among the keys of an identity.
inline constexpr char kOptionMark[] = "--";

// Returns an object with everything that decides how a run continues: `deciding`, options by their
// names; the data, the student, the teacher (null: none), and, of a deterministic run, the numerics
// of both sides. Errors of DataDigest.
absl::StatusOr<nlohmann::json> RunIdentity(const nlohmann::json& deciding, bool deterministic,
                                           const TrainingData& data,
                                           const ModelDescription& student,
                                           const TeacherPool* teachers);

// Returns the value of an option in an identity: earlier versions kept the text of config.toml.
nlohmann::json OptionValue(const nlohmann::json& value);

// FAILED_PRECONDITION lists what the checkpoint has another value for, or only one side has: both
// are objects, compared by their keys and values, not as text. Options that only the checkpoint has
// are not compared.
absl::Status CheckSameRun(const nlohmann::json& checkpoint, const nlohmann::json& now);

}  // namespace distill
