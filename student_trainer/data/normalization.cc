#include "student_trainer/data/normalization.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "common/base/status_macros.h"

namespace distill {
namespace {

// Counts how often each pixel value occurs, which gives the exact mean and deviation for any number
// of pixels.
using Histogram = std::array<int64_t, 256>;

constexpr double kScale = 255;
constexpr size_t kImagesDecoded = 4096;

void AddFigures(const Histogram& histogram, Normalization& normalization) {
  double pixels = 0, sum = 0;
  for (size_t value = 0; value < histogram.size(); ++value) {
    pixels += static_cast<double>(histogram[value]);
    sum += static_cast<double>(histogram[value]) * static_cast<double>(value);
  }
  const double mean = sum / pixels;
  double squares = 0;
  for (size_t value = 0; value < histogram.size(); ++value) {
    const double deviation = static_cast<double>(value) - mean;
    squares += static_cast<double>(histogram[value]) * deviation * deviation;
  }
  const double std = std::sqrt(squares / pixels) / kScale;
  normalization.mean.push_back(mean / kScale);
  normalization.std.push_back(std > 0 ? std : 1);
}

}  // namespace

absl::StatusOr<Normalization> MeasureNormalization(const Dataset& dataset,
                                                   absl::Span<const int64_t> samples,
                                                   CorruptSamples& corrupt) {
  const InputSpec& input = dataset.input();
  if (input.dtype != DType::kUint8 || input.shape.size() != 3) return Normalization{};
  if (samples.empty()) {
    return absl::InvalidArgumentError("cannot measure mean and deviation: there are no samples");
  }
  ASSIGN_OR_RETURN(const size_t bytes, ByteSize(input.dtype, input.shape));
  std::vector<uint8_t> image(bytes);
  std::vector<Histogram> histograms(static_cast<size_t>(input.shape[0]), Histogram{});
  const size_t plane = bytes / histograms.size();
  const size_t count =
      dataset.images() == nullptr ? samples.size() : std::min(samples.size(), kImagesDecoded);
  bool measured = false;
  for (size_t k = 0; k < count; ++k) {
    const int64_t sample = samples[k * samples.size() / count];
    if (const absl::Status read = dataset.Read(sample, absl::MakeSpan(image)); !read.ok()) {
      RETURN_IF_ERROR(corrupt.Report(sample, read));
      continue;
    }
    measured = true;
    for (size_t channel = 0; channel < histograms.size(); ++channel) {
      for (size_t i = 0; i < plane; ++i) ++histograms[channel][image[channel * plane + i]];
    }
  }
  if (!measured) {
    return absl::InvalidArgumentError(
        "cannot measure mean and deviation: none of the samples can be read");
  }
  Normalization normalization;
  normalization.scale = kScale;
  for (const Histogram& histogram : histograms) AddFigures(histogram, normalization);
  return normalization;
}

}  // namespace distill
