#include "student_trainer/report/thumbnail.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace distill {
namespace {

constexpr int64_t kMostPixels = 48;  // a side: 64 colour samples fit a page of 2 MB
constexpr int64_t kMostValues = 40;

struct Plane {  // of one channel
  const uint8_t* pixels;
  int64_t height, width;

  // The mean over the rows [top, bottom) and columns [left, right); not empty.
  uint8_t Mean(int64_t top, int64_t bottom, int64_t left, int64_t right) const {
    int64_t sum = 0;
    for (int64_t y = top; y < bottom; ++y) {
      for (int64_t x = left; x < right; ++x) sum += pixels[y * width + x];
    }
    const int64_t count = (bottom - top) * (right - left);
    return static_cast<uint8_t>((sum + count / 2) / count);
  }
};

nlohmann::json ShownImage(const HostTensor& sample) {
  const int64_t channels = sample.shape[1], height = sample.shape[2], width = sample.shape[3];
  const int64_t step = (std::max(height, width) + kMostPixels - 1) / kMostPixels;
  const int64_t rows = std::max<int64_t>(1, height / step),
                columns = std::max<int64_t>(1, width / step);
  const std::string pixels = sample.bytes.ToString();
  std::string data;
  for (int64_t y = 0; y < rows; ++y) {
    for (int64_t x = 0; x < columns; ++x) {
      for (int64_t channel = 0; channel < channels; ++channel) {
        const Plane plane{
            reinterpret_cast<const uint8_t*>(pixels.data()) + channel * height * width, height,
            width};
        data.push_back(static_cast<char>(plane.Mean(y * step, std::min(height, (y + 1) * step),
                                                    x * step, std::min(width, (x + 1) * step))));
      }
    }
  }
  return {{"width", columns},
          {"height", rows},
          {"channels", channels},
          {"data", absl::Base64Escape(data)}};
}

template <typename T>
std::string Values(const HostTensor& sample) {
  std::vector<T> values(sample.bytes.size() / sizeof(T));
  sample.bytes.CopyTo(values.data());
  const auto count = static_cast<int64_t>(values.size());
  std::string text;
  for (int64_t i = 0; i < std::min(count, kMostValues); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : " ", values[static_cast<size_t>(i)]);
  }
  if (count > kMostValues) absl::StrAppend(&text, " …");
  return text;
}

std::string ShownValues(const HostTensor& sample) {
  switch (sample.dtype) {
    case DType::kUint8:
      return Values<uint8_t>(sample);
    case DType::kInt32:
      return Values<int32_t>(sample);
    case DType::kInt64:
      return Values<int64_t>(sample);
    case DType::kFloat32:
      return Values<float>(sample);
    default:
      return absl::StrCat(Name(sample.dtype), " ", ToString(sample.shape));
  }
}

}  // namespace

nlohmann::json ShownInput(const HostTensor& sample) {
  const Shape& shape = sample.shape;
  const bool is_image = sample.dtype == DType::kUint8 && shape.size() == 4 &&
                        (shape[1] == 1 || shape[1] == 3) && shape[2] > 0 && shape[3] > 0;
  if (is_image) return {{"image", ShownImage(sample)}, {"text", nullptr}};
  return {{"image", nullptr}, {"text", ShownValues(sample)}};
}

}  // namespace distill
