#include "student_trainer/data/views.h"

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

}  // namespace

absl::Status ViewOptions::Validate() const {
  if (pad < 0) {
    return absl::InvalidArgumentError(absl::StrCat("pad is ", pad, ", expected 0 or more pixels"));
  }
  return absl::OkStatus();
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
