#include "student_trainer/views/mix.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "student_trainer/views/beta.h"

namespace distill {
namespace {

constexpr int32_t kOne = 65536;  // weights are multiples of its inverse

int32_t FixedPoint(double weight) { return static_cast<int32_t>(std::lround(weight * kOne)); }

Mix DrawMixup(double alpha, const ViewKey& key) {
  SplitMix64 random = ViewRandom(key, "mixup");
  const int32_t weight = FixedPoint(DrawBeta(alpha, alpha, random));
  if (weight == kOne) return {};
  return {.kind = Mix::Kind::kMixup, .weight = static_cast<double>(weight) / kOne};
}

// Returns the part of [0, side) within half of `length` of a point drawn from [0, side).
struct Interval {
  int64_t begin, length;
};
Interval DrawInterval(int64_t length, int64_t side, SplitMix64& random) {
  const auto centre = static_cast<int64_t>(random.Below(static_cast<uint64_t>(side)));
  const int64_t begin = std::max<int64_t>(0, centre - length / 2);
  return {begin, std::min(side, centre + length / 2) - begin};
}

Mix DrawCutMix(double alpha, const ViewKey& key, const Shape& shape) {
  SplitMix64 random = ViewRandom(key, "cutmix");
  const int64_t height = shape[1], width = shape[2];
  const double side = std::sqrt(1 - DrawBeta(alpha, alpha, random));
  const auto length = [side](int64_t of) {
    return static_cast<int64_t>(side * static_cast<double>(of));
  };
  const Interval rows = DrawInterval(length(height), height, random);
  const Interval columns = DrawInterval(length(width), width, random);
  const int64_t cut = rows.length * columns.length;
  if (cut == 0) return {};
  return {.kind = Mix::Kind::kCutMix,
          .weight = 1 - static_cast<double>(cut) / static_cast<double>(height * width),
          .box = {rows.begin, columns.begin, rows.length, columns.length}};
}

void BlendWith(absl::Span<const uint8_t> partner, int32_t weight, absl::Span<uint8_t> image) {
  const int32_t rest = kOne - weight;
  for (size_t i = 0; i < image.size(); ++i) {
    image[i] = static_cast<uint8_t>((weight * image[i] + rest * partner[i] + kOne / 2) >> 16);
  }
}

void PasteBox(const Box& box, absl::Span<const uint8_t> partner, const Shape& shape,
              absl::Span<uint8_t> image) {
  for (int64_t c = 0; c < shape[0]; ++c) {
    for (int64_t y = box.top; y < box.top + box.height; ++y) {
      const int64_t begin = (c * shape[1] + y) * shape[2] + box.left;
      std::memcpy(image.data() + begin, partner.data() + begin, static_cast<size_t>(box.width));
    }
  }
}

}  // namespace

Mix DrawMix(const ViewOptions& options, const ViewKey& key, const Shape& shape) {
  if (!options.Mixes()) return {};
  const bool either = options.mixup > 0 && options.cutmix > 0;
  const bool cut = either ? ViewRandom(key, "mix").Below(2) == 1 : options.cutmix > 0;
  return cut ? DrawCutMix(options.cutmix, key, shape) : DrawMixup(options.mixup, key);
}

void ApplyMix(const Mix& mix, absl::Span<const uint8_t> partner, const Shape& shape,
              absl::Span<uint8_t> image) {
  switch (mix.kind) {
    case Mix::Kind::kNone:
      return;
    case Mix::Kind::kMixup:
      return BlendWith(partner, FixedPoint(mix.weight), image);
    case Mix::Kind::kCutMix:
      return PasteBox(mix.box, partner, shape, image);
  }
}

}  // namespace distill
