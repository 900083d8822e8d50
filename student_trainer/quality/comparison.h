// Models side by side: what each is worth, what it costs, and both against the first.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "student_trainer/quality/quality.h"

namespace distill {

struct ModelFigures {
  std::string model;  // its directory
  std::string fingerprint;
  int64_t parameters = 0;
  int64_t bytes = 0;          // of the file of weights
  int64_t multiply_adds = 0;  // of one sample
  Quality quality;
  std::optional<double> teacher_agreement;  // [0, 1]: as the teacher answers; unset: not asked
  double latency_p50_ms = 0;                // of one sample
  double latency_p99_ms = 0;
  double samples_per_s = 0;  // in batches of batch_size
  int64_t batch_size = 0;
};

// Compares a model with another, by the measures used for DistilBERT (Sanh, Debut, Chaumond, Wolf,
// 2019: 97 % kept, 40 % smaller, 60 % faster). NaN where the divisor is 0.
struct Ratios {
  double quality_kept = 1;   // accuracy, this over first
  double times_smaller = 1;  // bytes, first over this
  double times_fewer_multiply_adds = 1;
  double times_faster = 1;          // median latency, first over this
  double times_the_throughput = 1;  // samples/s, this over first
};
Ratios Against(const ModelFigures& first, const ModelFigures& model);

// A table with one line per figure and one column per model, then the recall of all classes, or of
// the 20 that the first model knows least. `class_names`: by label, or empty. Ends with a newline.
std::string ComparisonTable(absl::Span<const ModelFigures> models,
                            absl::Span<const std::string> class_names);

// An array with one object per model: the fields above, and the ratios against the first. Numbers
// that are not finite are null.
nlohmann::json ComparisonJson(absl::Span<const ModelFigures> models,
                              absl::Span<const std::string> class_names);

}  // namespace distill
