#include "student_trainer/views/image_size.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/check.h"
#include "common/base/status.h"

namespace distill {
namespace {

bool ParseSide(absl::string_view text, int64_t* side) {
  return absl::SimpleAtoi(text, side) && *side >= 1 && *side <= kMostImageSide;
}

}  // namespace

absl::StatusOr<ImageSize> ParseImageSize(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> sides =
      absl::StrSplit(text, absl::MaxSplits('x', 1));
  ImageSize size;
  const bool square = text.find('x') == absl::string_view::npos;
  if (ParseSide(sides.first, &size.height) &&
      ParseSide(square ? sides.first : sides.second, &size.width)) {
    return size;
  }
  return InvalidValue("the size of images", absl::StrCat("'", text, "'"),
                      absl::StrCat("SIDE or HEIGHTxWIDTH, such as 224 or 24x32, from 1 to ",
                                   kMostImageSide, " pixels"));
}

absl::Status CheckImageSize(absl::string_view field, const std::optional<ImageSize>& size) {
  if (!size.has_value()) return absl::OkStatus();
  for (const int64_t side : {size->height, size->width}) {
    if (side < 1 || side > kMostImageSide) {
      return InvalidField(field, ToString(*size), absl::StrCat("1 to ", kMostImageSide));
    }
  }
  return absl::OkStatus();
}

std::string ToString(ImageSize size) {
  if (size.height == size.width) return absl::StrCat(size.height);
  return absl::StrCat(size.height, "x", size.width);
}

}  // namespace distill
