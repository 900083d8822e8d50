#include "student_trainer/views/tone.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "student_trainer/views/blend.h"

namespace distill {
namespace {

constexpr int kLevels = 256;

// Replaces each level i by `level_of(i)`.
template <typename Function>
void MapLevels(absl::Span<uint8_t> pixels, Function&& level_of) {
  std::array<uint8_t, kLevels> levels;
  for (int i = 0; i < kLevels; ++i) levels[static_cast<size_t>(i)] = level_of(i);
  for (uint8_t& pixel : pixels) pixel = levels[pixel];
}

absl::Span<uint8_t> Channel(int64_t channel, const Shape& shape, absl::Span<uint8_t> image) {
  const auto plane = static_cast<size_t>(shape[1] * shape[2]);
  return image.subspan(static_cast<size_t>(channel) * plane, plane);
}

// Returns the mean, rounded to the nearest. The image must not be empty.
int32_t MeanGreyLevel(const Shape& shape, absl::Span<const uint8_t> image) {
  int64_t sum = 0, count = static_cast<int64_t>(image.size());
  if (shape[0] == 3) {
    count = shape[1] * shape[2];
    const uint8_t* const red = image.data();
    for (int64_t i = 0; i < count; ++i) {
      sum += GreyLevel(red[i], red[i + count], red[i + 2 * count]);
    }
  } else {
    for (const uint8_t pixel : image) sum += pixel;
  }
  return static_cast<int32_t>((2 * sum + count) / (2 * count));
}

}  // namespace

void AdjustBrightness(double factor, absl::Span<uint8_t> image) {
  const Blend blend(factor);
  MapLevels(image, [&](int level) { return blend(level, 0); });
}

void AdjustContrast(double factor, const Shape& shape, absl::Span<uint8_t> image) {
  if (image.empty()) return;
  const Blend blend(factor);
  const int32_t mean = MeanGreyLevel(shape, image);
  MapLevels(image, [&](int level) { return blend(level, mean); });
}

void Posterize(int bits, absl::Span<uint8_t> image) {
  const int kept = -(1 << (8 - bits));
  MapLevels(image, [&](int level) { return static_cast<uint8_t>(level & kept); });
}

void Solarize(double threshold, absl::Span<uint8_t> image) {
  MapLevels(image, [&](int level) {
    return static_cast<uint8_t>(level < threshold ? level : 255 - level);
  });
}

void AutoContrast(const Shape& shape, absl::Span<uint8_t> image) {
  for (int64_t c = 0; c < shape[0]; ++c) {
    const absl::Span<uint8_t> channel = Channel(c, shape, image);
    if (channel.empty()) return;
    const auto [least, most] = std::minmax_element(channel.begin(), channel.end());
    const int low = *least, range = *most - low;
    if (range == 0) continue;
    MapLevels(channel, [&](int level) {
      return static_cast<uint8_t>(std::clamp((level - low) * 255 / range, 0, 255));
    });
  }
}

void Equalize(const Shape& shape, absl::Span<uint8_t> image) {
  for (int64_t c = 0; c < shape[0]; ++c) {
    const absl::Span<uint8_t> channel = Channel(c, shape, image);
    if (channel.empty()) return;
    std::array<int64_t, kLevels> counts{};
    for (const uint8_t pixel : channel) ++counts[pixel];
    const uint8_t highest = *std::max_element(channel.begin(), channel.end());
    const int64_t step = (static_cast<int64_t>(channel.size()) - counts[highest]) / 255;
    if (step == 0) continue;
    int64_t below = step / 2;
    MapLevels(channel, [&](int level) {
      const int64_t mapped = below / step;
      below += counts[static_cast<size_t>(level)];
      return static_cast<uint8_t>(std::min<int64_t>(mapped, 255));
    });
  }
}

}  // namespace distill
