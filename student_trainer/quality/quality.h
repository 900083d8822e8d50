// Quality: how good a model's answers on labelled samples are. Plain figures, without Torch.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace distill {

// Of equal width over the confidence, which is the probability of the class that was chosen.
inline constexpr int64_t kCalibrationBins = 15;

struct CalibrationBin {
  int64_t samples = 0;
  int64_t correct = 0;
  double confidence = 0;  // summed over the samples
};

struct ClassCount {
  int64_t samples = 0;
  int64_t correct = 0;

  double recall() const;  // NaN without samples
};

// So many samples of the class `label` were taken for `answer`.
struct Confusion {
  int64_t label = 0;
  int64_t answer = 0;
  int64_t samples = 0;
};

struct Quality {
  int64_t samples = 0;
  int64_t errors = 0;
  int64_t top5_errors = 0;  // the label is not among the five likeliest classes
  double loss = 0;          // mean cross-entropy, nats
  std::array<CalibrationBin, kCalibrationBins> calibration = {};
  std::vector<ClassCount> classes;    // by label
  std::vector<Confusion> confusions;  // the most frequent first; then by label and answer

  double accuracy() const;       // [0, 1]; 0 without samples
  double top5_accuracy() const;  // the same

  // Expected calibration error: the mean over the samples of |accuracy - confidence| of their bin
  // (Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", ICML 2017, eq. 3).
  double calibration_error() const;
};

// Its name in reports: "class 3" where 3 has none.
std::string NameOfClass(size_t label, absl::Span<const std::string> names);

// All of it, with at most the 50 most frequent confusions.
nlohmann::json ToJson(const Quality& quality);

}  // namespace distill
