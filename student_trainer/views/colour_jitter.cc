#include "student_trainer/views/colour_jitter.h"

#include <algorithm>
#include <vector>

#include "student_trainer/views/colour.h"
#include "student_trainer/views/tone.h"

namespace distill {
namespace {

enum class Jitter { kBrightness, kContrast, kSaturation, kHue };

// Draws the order of all four, even of those that are off, so that switching one off does not
// change the order of the others.
std::vector<Jitter> DrawOrder(const ViewKey& key) {
  std::vector<Jitter> order = {Jitter::kBrightness, Jitter::kContrast, Jitter::kSaturation,
                               Jitter::kHue};
  Shuffle(order, ViewRandom(key, "order").Next());
  return order;
}

double DrawFactor(double strength, const ViewKey& key, absl::string_view choice) {
  SplitMix64 random = ViewRandom(key, choice);
  return DrawUniform(std::max(0.0, 1 - strength), 1 + strength, random);
}

double DrawTurn(double strength, const ViewKey& key) {
  SplitMix64 random = ViewRandom(key, "hue");
  return DrawUniform(-strength, strength, random);
}

}  // namespace

void JitterColour(const ViewOptions& options, const ViewKey& key, const Shape& shape,
                  absl::Span<uint8_t> image) {
  for (const Jitter jitter : DrawOrder(key)) {
    switch (jitter) {
      case Jitter::kBrightness:
        if (options.brightness == 0) break;
        AdjustBrightness(DrawFactor(options.brightness, key, "bright"), image);
        break;
      case Jitter::kContrast:
        if (options.contrast == 0) break;
        AdjustContrast(DrawFactor(options.contrast, key, "contrast"), shape, image);
        break;
      case Jitter::kSaturation:
        if (options.saturation == 0) break;
        AdjustSaturation(DrawFactor(options.saturation, key, "saturate"), shape, image);
        break;
      case Jitter::kHue:
        if (options.hue == 0) break;
        AdjustHue(DrawTurn(options.hue, key), shape, image);
        break;
    }
  }
}

}  // namespace distill
