#include "student_trainer/views/centre_view.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace distill {
namespace {

// Returns whole·part/of, rounded, and at least 1.
int64_t Portion(int64_t whole, int64_t part, int64_t of) {
  return std::max<int64_t>(1, (2 * whole * part + of) / (2 * of));
}

// Returns the largest box of proportions height:width in the centre of the image.
Box CentreBox(const Image& image, int64_t height, int64_t width) {
  Box box{0, 0, image.height, image.width};
  if (image.height * width > image.width * height) {
    box.height = std::min(image.height, Portion(image.width, height, width));
  } else {
    box.width = std::min(image.width, Portion(image.height, width, height));
  }
  box.top = (image.height - box.height) / 2;
  box.left = (image.width - box.width) / 2;
  return box;
}

}  // namespace

absl::StatusOr<Image> CentreView(Image image, const Shape& shape, const Resizer& resizer) {
  if (shape.size() != 3 || shape[0] != image.channels || shape[1] < 1 || shape[2] < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("an image of ", image.channels, " channels: it does not become ",
                     ToString(shape), " ([channels, height, width])"));
  }
  if (image.height == shape[1] && image.width == shape[2]) return image;
  if (resizer == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the size of the image is ", image.height, " x ", image.width, "; must be ", shape[1],
        " x ", shape[2], " (height x width), as there is nothing to resize it with"));
  }
  return resizer(image, CentreBox(image, shape[1], shape[2]), shape[1], shape[2]);
}

}  // namespace distill
