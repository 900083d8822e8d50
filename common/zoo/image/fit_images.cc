#include "common/zoo/image/fit_images.h"

#include "absl/strings/str_cat.h"

namespace distill {

absl::Status FitImages(const Shape& input_shape, int64_t classes, nlohmann::json& arguments) {
  if (input_shape.size() != 3) {
    return absl::InvalidArgumentError(absl::StrCat(
        "it takes images [channels, height, width], not inputs of shape ", ToString(input_shape)));
  }
  arguments["channels"] = input_shape[0];
  arguments["classes"] = classes;
  return absl::OkStatus();
}

}  // namespace distill
