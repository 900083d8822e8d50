// `student_trainer export`: a model directory to ship, from a checkpoint or another model
// directory.
#pragma once

#include <ostream>
#include <string>

#include "absl/status/status.h"

namespace distill {

struct ExportOptions {
  std::string source;  // a model directory, or a file of checkpoints/
  std::string out;     // the directory to write; new or empty

  // INVALID_ARGUMENT names the option and what is allowed.
  absl::Status Validate() const;
};

// Writes config.json, model.safetensors and model.pt (ship.h). Of a checkpoint that has an average
// of the weights, the average. Errors name the source or what cannot be written;
// FAILED_PRECONDITION for the checkpoint of a TorchScript student, whose code is in its run's model
// directory alone.
absl::Status RunExport(const ExportOptions& options, std::ostream& out);

}  // namespace distill
