// Runs a data set on an untrusted image file: it is rejected with a message, or decoded completely
// to the size that its header announced, in colour and in grey.
#include <cstddef>
#include <cstdint>

#include "student_trainer/data/images/decode_image.h"
#include "tests/fuzz/require.h"

namespace distill {
namespace {

using ::distill::testing::Require;

constexpr int64_t kMostPixels = 1 << 20;  // larger ones only take longer

void CheckDecoded(absl::Span<const uint8_t> bytes, int channels,
                  const absl::StatusOr<ImageSize>& size) {
  const absl::StatusOr<Image> image = DecodeImage(bytes, channels);
  if (!image.ok()) {
    Require(absl::IsDataLoss(image.status()), "what is wrong with a file is a loss of data");
    Require(!image.status().message().empty(), "a refusal gives its reason");
    return;
  }
  Require(size.ok() && image->height == size->height && image->width == size->width,
          "the image has the size announced");
  Require(image->channels == channels, "as many channels as were asked for");
  Require(static_cast<int64_t>(image->pixels.size()) == channels * image->height * image->width,
          "every pixel is there");
}

}  // namespace
}  // namespace distill

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace distill;
  const absl::Span<const uint8_t> bytes(data, size);
  const absl::StatusOr<ImageSize> announced = ReadImageSize(bytes);
  if (announced.ok() && announced->height > kMostPixels / announced->width) return 0;
  CheckDecoded(bytes, 3, announced);
  CheckDecoded(bytes, 1, announced);
  return 0;
}
