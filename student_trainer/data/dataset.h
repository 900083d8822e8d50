// Dataset: samples by index.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/contract/input_spec.h"
#include "common/contract/labels.h"
#include "student_trainer/views/image.h"

namespace distill {

// Gives images as they are stored, of any size; training views are cut from them. Thread-safe.
class ImageSource {
 public:
  virtual ~ImageSource() = default;

  // 0 ≤ index < size of the data set. DATA_LOSS names the file and what is wrong with it.
  virtual absl::StatusOr<Image> Decode(int64_t index) const = 0;
};

// Where the inputs of one sample are written, in their order.
using Destinations = absl::Span<const absl::Span<uint8_t>>;

// Immutable once open; every method may be called from several threads.
class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual int64_t size() const = 0;

  // Describes one sample: its inputs, at least one, of different names. Images are uint8
  // [channels, height, width]. A length that is -1 varies from sample to sample (HasLengths).
  virtual const std::vector<InputSpec>& inputs() const = 0;

  // Returns the first input, of images the only one.
  const InputSpec& input() const { return inputs().front(); }

  // Returns the length of all inputs of sample `index` whose length varies; 0 if none does. 0 ≤
  // index < size().
  virtual int64_t Length(int64_t /*index*/) const { return 0; }

  // Returns the class names; empty if the data does not name its classes.
  virtual const std::vector<std::string>& class_names() const = 0;

  // Returns the number of classes: the number of names, otherwise the largest label + 1; 0 without
  // labels.
  virtual int64_t classes() const = 0;

  // 0 … classes()-1, or kNoLabel. 0 ≤ index < size(). With labels by position: 0 for a sample that
  // has labels.
  virtual int64_t Label(int64_t index) const = 0;

  // Returns whether a sample has a label per position instead of one.
  virtual bool labels_by_position() const { return false; }

  // Returns Label(index) alone; or one label per position: a class, kNoLabel or kIgnoredPosition.
  virtual std::vector<int64_t> Labels(int64_t index) const { return {Label(index)}; }

  // Writes the bytes of sample `index`, one destination per input, of ByteSize of the input and the
  // sample's length; an image of another size is resized and cropped (CentreView). Returns
  // DATA_LOSS for a sample that cannot be decoded; errors name the file.
  virtual absl::Status Read(int64_t index, Destinations destinations) const = 0;

  // Returns what a user should know of how the data was found, a sentence each without a stop, such
  // as "40 files are passed over (40 .webp)".
  virtual std::vector<std::string> notes() const { return {}; }

  // Returns what reading has met so far, in the same form, such as files that a decoder warns of.
  virtual std::vector<std::string> reading_notes() const { return {}; }

  // Returns null if every sample is stored in the size of input().
  virtual const ImageSource* images() const { return nullptr; }
};

// Returns the image of sample `index` as it is stored: of images(), or what Read gives. The samples
// must be images, uint8 [channels, height, width].
absl::StatusOr<Image> DecodeSample(const Dataset& dataset, int64_t index);

// Returns whether samples of both have the same inputs: types, shapes and, of several, names.
bool HaveSameInputs(const Dataset& a, const Dataset& b);

// Returns 0 … size()-1.
std::vector<int64_t> AllSamples(const Dataset& dataset);

// Returns Label of all samples.
std::vector<int64_t> AllLabels(const Dataset& dataset);

}  // namespace distill
