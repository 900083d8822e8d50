#include "student_trainer/data/views.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/base/random.h"

namespace distill {
namespace {

// Each choice draws from a generator of its own, so that one option does not change what another
// draws.
constexpr uint64_t kShiftTag = 0x7368696674;  // "shift"
constexpr uint64_t kFlipTag = 0x666c6970;     // "flip"

SplitMix64 Generator(uint64_t seed, int64_t epoch, int64_t sample, uint64_t tag) {
  return SplitMix64(
      MixSeed({seed, static_cast<uint64_t>(epoch), static_cast<uint64_t>(sample), tag}));
}

void ShiftRow(int64_t right, int64_t width, const uint8_t* source, uint8_t* row) {
  const int64_t kept = width - std::abs(right);
  if (kept <= 0) {
    std::memset(row, 0, static_cast<size_t>(width));
    return;
  }
  const int64_t from = std::max<int64_t>(0, -right);
  const int64_t to = std::max<int64_t>(0, right);
  std::memmove(row + to, source + from, static_cast<size_t>(kept));
  std::memset(right > 0 ? row : row + kept, 0, static_cast<size_t>(width - kept));
}

}  // namespace

absl::Status ViewOptions::Validate() const {
  if (pad < 0) {
    return absl::InvalidArgumentError(absl::StrCat("pad is ", pad, ", expected 0 or more pixels"));
  }
  return absl::OkStatus();
}

void ShiftImage(int64_t down, int64_t right, const Shape& shape, absl::Span<uint8_t> image) {
  const int64_t channels = shape[0], height = shape[1], width = shape[2];
  for (int64_t channel = 0; channel < channels; ++channel) {
    uint8_t* const plane = image.data() + channel * height * width;
    for (int64_t i = 0; i < height; ++i) {
      // In the order that reads every source row before it is written.
      const int64_t y = down > 0 ? height - 1 - i : i;
      const int64_t source = y - down;
      uint8_t* const row = plane + y * width;
      if (source < 0 || source >= height) {
        std::memset(row, 0, static_cast<size_t>(width));
      } else {
        ShiftRow(right, width, plane + source * width, row);
      }
    }
  }
}

void FlipImage(const Shape& shape, absl::Span<uint8_t> image) {
  const int64_t rows = shape[0] * shape[1], width = shape[2];
  for (int64_t row = 0; row < rows; ++row) {
    uint8_t* const begin = image.data() + row * width;
    std::reverse(begin, begin + width);
  }
}

void ApplyView(const ViewOptions& options, uint64_t seed, int64_t epoch, int64_t sample,
               const Shape& shape, absl::Span<uint8_t> image) {
  if (options.pad > 0) {
    SplitMix64 random = Generator(seed, epoch, sample, kShiftTag);
    const int64_t pad = options.pad;
    const uint64_t offsets = 2 * static_cast<uint64_t>(pad) + 1;
    const int64_t down = static_cast<int64_t>(random.Below(offsets)) - pad;
    const int64_t right = static_cast<int64_t>(random.Below(offsets)) - pad;
    ShiftImage(down, right, shape, image);
  }
  if (options.flip && Generator(seed, epoch, sample, kFlipTag).Below(2) == 1) {
    FlipImage(shape, image);
  }
}

}  // namespace distill
