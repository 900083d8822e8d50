#include "student_trainer/views/random_crop.h"

#include <cmath>

namespace distill {
namespace {

constexpr double kLeastAspect = 3.0 / 4, kMostAspect = 4.0 / 3;  // width / height
constexpr int kTries = 10;

// Rounds half to even, as Python does.
int64_t Round(double number) { return static_cast<int64_t>(std::nearbyint(number)); }

Box CentreCrop(int64_t height, int64_t width) {
  Box box = {.height = height, .width = width};
  const double aspect = static_cast<double>(width) / static_cast<double>(height);
  if (aspect < kLeastAspect) {
    box.height = Round(static_cast<double>(width) / kLeastAspect);
  } else if (aspect > kMostAspect) {
    box.width = Round(static_cast<double>(height) * kMostAspect);
  }
  box.top = (height - box.height) / 2;
  box.left = (width - box.width) / 2;
  return box;
}

}  // namespace

Box DrawCropBox(double scale, const ViewKey& key, int64_t height, int64_t width) {
  SplitMix64 random = ViewRandom(key, "crop");
  const double image_area = static_cast<double>(height) * static_cast<double>(width);
  for (int i = 0; i < kTries; ++i) {
    const double area = image_area * DrawUniform(scale, 1, random);
    const double aspect =
        std::exp(DrawUniform(std::log(kLeastAspect), std::log(kMostAspect), random));
    Box box = {.height = Round(std::sqrt(area / aspect)), .width = Round(std::sqrt(area * aspect))};
    if (box.height < 1 || box.height > height || box.width < 1 || box.width > width) continue;
    box.top = static_cast<int64_t>(random.Below(static_cast<uint64_t>(height - box.height + 1)));
    box.left = static_cast<int64_t>(random.Below(static_cast<uint64_t>(width - box.width + 1)));
    return box;
  }
  return CentreCrop(height, width);
}

}  // namespace distill
