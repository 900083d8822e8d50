#include "common/zoo/image/stem.h"

#include "common/base/status_macros.h"
#include "common/zoo/family.h"
#include "common/zoo/image/fit_images.h"

namespace distill {
namespace {

constexpr int64_t kSmallSide = 64;

}  // namespace

Stem ReadStem(Arguments& arguments) {
  return arguments.OneOf("stem", {"imagenet", "small"}) == "small" ? Stem::kSmall : Stem::kImageNet;
}

absl::Status FitImagesAndStem(const Shape& input_shape, int64_t classes,
                              nlohmann::json& arguments) {
  RETURN_IF_ERROR(FitImages(input_shape, classes, arguments));
  const bool small = input_shape[1] <= kSmallSide && input_shape[2] <= kSmallSide;
  arguments["stem"] = small ? "small" : "imagenet";
  return absl::OkStatus();
}

}  // namespace distill
