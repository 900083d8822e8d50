// TrainingDataOptions: which data a run has, and how it is read and split.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "student_trainer/data/split.h"
#include "student_trainer/views/image.h"
#include "student_trainer/views/image_size.h"

namespace distill {

struct TrainingDataOptions {
  std::string train;
  std::string unlabelled;   // transfer set beside `train`; empty: none
  std::string val;          // empty: a part of `train`
  std::string test;         // empty: no test at the end
  std::string class_names;  // a file; empty: what the data says
  SplitOptions split;
  // What images are made to be; unset: as the teacher or a student's directory takes them, else the
  // size of the first image and 3 channels. Of images in arrays, unset: as they are.
  std::optional<ImageSize> image_size;
  std::optional<int> image_channels;     // 1 or 3
  int64_t max_pixels = kMaxImagePixels;  // of an image file
  int64_t max_corrupt = 0;

  // INVALID_ARGUMENT names the field, its value and what is allowed. Reads no file.
  absl::Status Validate() const;
};

}  // namespace distill
