// `student_trainer evaluate`: what models are worth on a test set, and what they cost.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace distill {

struct EvaluateOptions {
  std::vector<std::string> models;  // model directories
  std::string test;
  std::string class_names;  // a file; empty: what the data says
  std::string json;         // a file to write; empty: none
  int threads = 0;          // 0: one a core
  int64_t max_corrupt = 0;  // files that may be skipped

  // INVALID_ARGUMENT names the option and what is allowed.
  absl::Status Validate() const;
};

// Prints a table to `out`: errors, accuracy, parameters, size of the weights, latency of one
// sample, samples a second in batches. The timings of several models are interleaved; medians. Then
// writes the JSON file, an array of one object a model. Errors name the model or the data.
absl::Status RunEvaluate(const EvaluateOptions& options, std::ostream& out);

}  // namespace distill
