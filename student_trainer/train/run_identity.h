// What makes a run that goes on the same run.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "student_trainer/data/dataset.h"

namespace distill {

// sha256, in hex, over the number of samples, their input, the class names, all labels, and the
// bytes of 64 samples spread over the whole: what tells one data set from another without reading
// all of it. Samples that cannot be read count as empty. Errors of Dataset::Read other than
// DATA_LOSS.
absl::StatusOr<std::string> DataDigest(const Dataset& dataset);

// FAILED_PRECONDITION lists what the checkpoint has another value for, or only one side has: both
// are objects, compared by their keys.
absl::Status CheckSameRun(const nlohmann::json& checkpoint, const nlohmann::json& now);

}  // namespace distill
