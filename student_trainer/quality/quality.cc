#include "student_trainer/quality/quality.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"

namespace distill {
namespace {

constexpr size_t kMostConfusions = 50;

double Rest(int64_t errors, int64_t samples) {
  return samples == 0 ? 0 : 1 - static_cast<double>(errors) / static_cast<double>(samples);
}

}  // namespace

double ClassCount::recall() const {
  return samples == 0 ? std::numeric_limits<double>::quiet_NaN()
                      : static_cast<double>(correct) / static_cast<double>(samples);
}

double Quality::accuracy() const { return Rest(errors, samples); }

double Quality::top5_accuracy() const { return Rest(top5_errors, samples); }

double Quality::calibration_error() const {
  double sum = 0;
  for (const CalibrationBin& bin : calibration) {
    sum += std::abs(static_cast<double>(bin.correct) - bin.confidence);
  }
  return samples == 0 ? 0 : sum / static_cast<double>(samples);
}

std::string NameOfClass(size_t label, absl::Span<const std::string> names) {
  return label < names.size() ? names[label] : absl::StrCat("class ", label);
}

nlohmann::json ToJson(const Quality& quality) {
  nlohmann::json json = {
      {"samples", quality.samples},     {"errors", quality.errors},
      {"accuracy", quality.accuracy()}, {"top5_accuracy", quality.top5_accuracy()},
      {"loss", quality.loss},           {"calibration_error", quality.calibration_error()}};
  for (const CalibrationBin& bin : quality.calibration) {
    json["calibration"].push_back(
        {{"samples", bin.samples}, {"correct", bin.correct}, {"confidence", bin.confidence}});
  }
  json["classes"] = nlohmann::json::array();
  for (const ClassCount& count : quality.classes) {
    json["classes"].push_back({{"samples", count.samples}, {"correct", count.correct}});
  }
  json["confusions"] = nlohmann::json::array();
  const size_t confusions = std::min(quality.confusions.size(), kMostConfusions);
  for (size_t i = 0; i < confusions; ++i) {
    const Confusion& confusion = quality.confusions[i];
    json["confusions"].push_back(
        {{"label", confusion.label}, {"answer", confusion.answer}, {"samples", confusion.samples}});
  }
  return json;
}

}  // namespace distill
