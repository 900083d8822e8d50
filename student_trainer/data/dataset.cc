#include "student_trainer/data/dataset.h"

#include <numeric>

#include "absl/types/span.h"
#include "common/base/status_macros.h"

namespace distill {

absl::StatusOr<Image> DecodeSample(const Dataset& dataset, int64_t index) {
  if (dataset.images() != nullptr) return dataset.images()->Decode(index);
  const Shape& shape = dataset.input().shape;
  ASSIGN_OR_RETURN(const size_t bytes, ByteSize(dataset.input().dtype, shape));
  Image image{shape[0], shape[1], shape[2], std::vector<uint8_t>(bytes)};
  RETURN_IF_ERROR(dataset.Read(index, absl::MakeSpan(image.pixels)));
  return image;
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
