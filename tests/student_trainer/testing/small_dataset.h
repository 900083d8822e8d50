// SmallDataset: images in memory that a small network can learn to tell apart.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/base/random.h"
#include "student_trainer/data/dataset.h"

namespace distill::testing {

// Sample i has the label i % classes; images are uint8 [1, 4, 4]: noise, and a bright pixel where
// the label says.
class SmallDataset : public Dataset {
 public:
  explicit SmallDataset(int64_t size, int64_t classes = 4, std::vector<std::string> names = {})
      : size_(size), classes_(classes), class_names_(std::move(names)) {}

  int64_t size() const override { return size_; }
  const std::vector<InputSpec>& inputs() const override { return inputs_; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int64_t classes() const override { return classes_; }
  int64_t Label(int64_t index) const override { return index % classes_; }

  absl::Status Read(int64_t index, Destinations destinations) const override {
    const absl::Span<uint8_t> destination = destinations[0];
    SplitMix64 random(static_cast<uint64_t>(index));
    for (uint8_t& pixel : destination) pixel = static_cast<uint8_t>(random.Below(100));
    destination[static_cast<size_t>(Label(index))] = 255;
    return absl::OkStatus();
  }

 private:
  const int64_t size_;
  const int64_t classes_;
  const std::vector<std::string> class_names_;
  const std::vector<InputSpec> inputs_ = {
      {.name = "image", .dtype = DType::kUint8, .shape = {1, 4, 4}}};
};

}  // namespace distill::testing
