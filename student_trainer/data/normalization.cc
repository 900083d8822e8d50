#include "student_trainer/data/normalization.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/tensor/elements.h"

namespace distill {
namespace {

constexpr size_t kSamplesMeasured = 4096;

// Mean and deviation of the numbers added.
class Figures {
 public:
  virtual ~Figures() = default;
  virtual void Add(const uint8_t* data, size_t count) = 0;
  virtual double mean() const = 0;
  virtual double deviation() const = 0;
};

// Counts how often each pixel value occurs, which gives the exact figures for any number of pixels.
class PixelFigures : public Figures {
 public:
  void Add(const uint8_t* data, size_t count) override {
    for (size_t i = 0; i < count; ++i) ++histogram_[data[i]];
  }

  double mean() const override {
    double sum = 0;
    for (size_t value = 0; value < histogram_.size(); ++value) {
      sum += static_cast<double>(histogram_[value]) * static_cast<double>(value);
    }
    return sum / pixels();
  }

  double deviation() const override {
    const double mean_value = mean();
    double squares = 0;
    for (size_t value = 0; value < histogram_.size(); ++value) {
      const double deviation = static_cast<double>(value) - mean_value;
      squares += static_cast<double>(histogram_[value]) * deviation * deviation;
    }
    return std::sqrt(squares / pixels());
  }

 private:
  double pixels() const {
    return static_cast<double>(std::accumulate(histogram_.begin(), histogram_.end(), int64_t{0}));
  }

  std::array<int64_t, 256> histogram_ = {};
};

// Welford's algorithm (Technometrics 4(3), 1962), of any type.
class NumberFigures : public Figures {
 public:
  explicit NumberFigures(DType dtype) : dtype_(dtype) {}

  void Add(const uint8_t* data, size_t count) override {
    for (size_t i = 0; i < count; ++i) {
      const double value = ElementAt(dtype_, data, i);
      const double before = value - mean_;
      mean_ += before / static_cast<double>(++count_);
      squares_ += before * (value - mean_);
    }
  }

  double mean() const override { return mean_; }
  double deviation() const override { return std::sqrt(squares_ / static_cast<double>(count_)); }

 private:
  const DType dtype_;
  int64_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;
};

std::unique_ptr<Figures> MakeFigures(DType dtype) {
  if (dtype == DType::kUint8) return std::make_unique<PixelFigures>();
  return std::make_unique<NumberFigures>(dtype);
}

}  // namespace

absl::StatusOr<Normalization> MeasureNormalization(const Dataset& dataset,
                                                   absl::Span<const int64_t> samples,
                                                   CorruptSamples& corrupt) {
  const InputSpec& input = dataset.input();
  if (!IsNormalized(input)) return Normalization{};
  if (samples.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(corrupt.what(), ": cannot measure mean and deviation: there are no samples"));
  }
  ASSIGN_OR_RETURN(const size_t bytes, ByteSize(input.dtype, input.shape));
  std::vector<uint8_t> sample(bytes);
  const bool has_channels = input.shape.size() == 3;
  std::vector<std::unique_ptr<Figures>> channels(has_channels ? static_cast<size_t>(input.shape[0])
                                                              : 1);
  for (std::unique_ptr<Figures>& channel : channels) channel = MakeFigures(input.dtype);
  const size_t plane = bytes / channels.size();
  const bool measure_all = dataset.images() == nullptr && input.dtype == DType::kUint8;
  const size_t count = measure_all ? samples.size() : std::min(samples.size(), kSamplesMeasured);
  bool measured = false;
  for (size_t k = 0; k < count; ++k) {
    const int64_t index = samples[k * samples.size() / count];
    if (const absl::Status read = dataset.Read(index, {absl::MakeSpan(sample)}); !read.ok()) {
      RETURN_IF_ERROR(corrupt.Report(index, read));
      continue;
    }
    measured = true;
    for (size_t channel = 0; channel < channels.size(); ++channel) {
      channels[channel]->Add(sample.data() + channel * plane, plane / ByteWidth(input.dtype));
    }
  }
  if (!measured) {
    return absl::InvalidArgumentError(absl::StrCat(
        corrupt.what(), ": cannot measure mean and deviation: none of the samples can be read"));
  }
  Normalization normalization;
  normalization.scale = input.dtype == DType::kUint8 ? 255 : 1;
  for (const std::unique_ptr<Figures>& channel : channels) {
    const double deviation = channel->deviation() / normalization.scale;
    normalization.mean.push_back(channel->mean() / normalization.scale);
    normalization.std.push_back(deviation > 0 ? deviation : 1);
  }
  return normalization;
}

}  // namespace distill
