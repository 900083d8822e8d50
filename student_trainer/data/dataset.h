// Dataset: samples by index.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/tensor/input_spec.h"
#include "student_trainer/views/image.h"

namespace distill {

inline constexpr int64_t kUnlabelled = -1;

// Images as they are stored, of whatever size: what training views are cut from. Thread-safe.
class ImageSource {
 public:
  virtual ~ImageSource() = default;

  // 0 ≤ index < the data set's size. DATA_LOSS names the file and what is wrong with it.
  virtual absl::StatusOr<Image> Decode(int64_t index) const = 0;
};

// Immutable once open; every method may be called from several threads.
class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual int64_t size() const = 0;

  // What one sample looks like: images are uint8 [channels, height, width].
  virtual const InputSpec& input() const = 0;

  // Empty where the data does not name its classes.
  virtual const std::vector<std::string>& class_names() const = 0;

  // The number of classes: that of the names, else the largest label + 1; 0 without labels.
  virtual int64_t classes() const = 0;

  // 0 … classes()-1, or kUnlabelled. 0 ≤ index < size().
  virtual int64_t Label(int64_t index) const = 0;

  // Writes sample `index`'s bytes, ByteSize(input()) of them; an image of another size is made to
  // fit (CentreView). DATA_LOSS for a sample that cannot be decoded; errors name the file.
  virtual absl::Status Read(int64_t index, absl::Span<uint8_t> destination) const = 0;

  // Null where every sample is stored in the size of input().
  virtual const ImageSource* images() const { return nullptr; }
};

}  // namespace distill
