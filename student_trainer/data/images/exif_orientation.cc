#include "student_trainer/data/images/exif_orientation.h"

#include <libexif/exif-data.h>

#include <algorithm>
#include <memory>

namespace distill {

int ExifOrientation(absl::Span<const uint8_t> exif) {
  constexpr int kUpright = 1;
  constexpr size_t kMaxBytes = 1 << 16;  // the orientation is among the first of the entries
  const std::unique_ptr<ExifData, decltype(&exif_data_unref)> data(
      exif_data_new_from_data(exif.data(),
                              static_cast<unsigned int>(std::min(exif.size(), kMaxBytes))),
      &exif_data_unref);
  if (data == nullptr) return kUpright;
  const ExifEntry* const entry =
      exif_content_get_entry(data->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
  if (entry == nullptr || entry->format != EXIF_FORMAT_SHORT || entry->size < 2) return kUpright;
  const int orientation = exif_get_short(entry->data, exif_data_get_byte_order(data.get()));
  return orientation >= 1 && orientation <= 8 ? orientation : kUpright;
}

}  // namespace distill
