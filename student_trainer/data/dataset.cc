#include "student_trainer/data/dataset.h"

#include <algorithm>
#include <numeric>

#include "absl/types/span.h"
#include "common/base/status_macros.h"

namespace distill {

absl::StatusOr<Image> DecodeSample(const Dataset& dataset, int64_t index) {
  if (dataset.images() != nullptr) return dataset.images()->Decode(index);
  const Shape& shape = dataset.input().shape;
  ASSIGN_OR_RETURN(const size_t bytes, ByteSize(dataset.input().dtype, shape));
  Image image{shape[0], shape[1], shape[2], std::vector<uint8_t>(bytes)};
  RETURN_IF_ERROR(dataset.Read(index, {absl::MakeSpan(image.pixels)}));
  return image;
}

bool HaveSameInputs(const Dataset& a, const Dataset& b) {
  const bool named = a.inputs().size() > 1;
  return std::equal(a.inputs().begin(), a.inputs().end(), b.inputs().begin(), b.inputs().end(),
                    [named](const InputSpec& one, const InputSpec& other) {
                      return one.dtype == other.dtype && one.shape == other.shape &&
                             (!named || one.name == other.name);
                    });
}

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
