// `student_trainer evaluate`: what models are worth on a test set, and what they cost.
#pragma once

#include <cstdint>
#include <ostream>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "student_trainer/alignment/teacher_access.h"
#include "student_trainer/views/image_size.h"

namespace distill {

struct EvaluateOptions {
  std::vector<std::string> models;  // model directories
  std::string test;
  std::string class_names;    // a file; empty: what the data says
  std::string json;           // a file to write; empty: none
  int64_t batch_size = 256;   // that samples/s is measured in, or all samples where they are fewer
  int threads = 0;            // 0: one per core
  std::string dtype = "f32";  // bf16, f16: the type in which the models compute
  int64_t max_pixels = kMaxImagePixels;  // of an image file
  int64_t max_corrupt = 0;               // files that may be skipped

  TeacherAccess teacher;  // to compare the answers with; none: they are not compared

  // INVALID_ARGUMENT names the option and what is allowed.
  absl::Status Validate() const;
};

// Prints quality/comparison.h's table to `out`, and writes its JSON to a file if that is asked for.
// Timings of several models are interleaved. Errors name the model, the data or the teacher;
// CANCELLED where `stop` is requested while the teacher is asked.
absl::Status RunEvaluate(const EvaluateOptions& options, std::stop_token stop, std::ostream& out,
                         Clock& clock);

}  // namespace distill
