#include "student_trainer/data/dataset.h"

#include <numeric>

namespace distill {

std::vector<int64_t> AllSamples(const Dataset& dataset) {
  std::vector<int64_t> samples(static_cast<size_t>(dataset.size()));
  std::iota(samples.begin(), samples.end(), 0);
  return samples;
}

std::vector<int64_t> AllLabels(const Dataset& dataset) {
  std::vector<int64_t> labels = AllSamples(dataset);
  for (int64_t& entry : labels) entry = dataset.Label(entry);
  return labels;
}

}  // namespace distill
