#include "student_trainer/data/training/training_data_options.h"

#include "common/base/check.h"
#include "common/base/status_macros.h"

namespace distill {

absl::Status TrainingDataOptions::Validate() const {
  RETURN_IF_ERROR(CheckGiven("train", train, "training data"));
  RETURN_IF_ERROR(CheckImageSize("image_size", image_size));
  if (const int channels = image_channels.value_or(3); channels != 1 && channels != 3) {
    return InvalidField("image_channels", channels, "1 (grey) or 3 (RGB)");
  }
  RETURN_IF_ERROR(CheckAtLeast("max_pixels", max_pixels, 1));
  RETURN_IF_ERROR(CheckAtLeast("max_corrupt", max_corrupt, 0));
  RETURN_IF_ERROR(split.Validate());
  if (!val.empty() && (split.val_count.has_value() || split.val_fraction.has_value())) {
    return absl::InvalidArgumentError(
        "`val`: `val_count` or `val_fraction` is given, too; give one of them");
  }
  return absl::OkStatus();
}

}  // namespace distill
