// MemoryDataset is a data set that a test fills in. The bytes of each sample are its index + 1
// (modulo 256).
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "student_trainer/data/dataset.h"

namespace distill {

class MemoryDataset : public Dataset {
 public:
  MemoryDataset(InputSpec input, std::vector<int64_t> labels)
      : inputs_({std::move(input)}), labels_(std::move(labels)) {}

  int64_t size() const override { return static_cast<int64_t>(labels_.size()); }
  const std::vector<InputSpec>& inputs() const override { return inputs_; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int64_t classes() const override { return *std::max_element(labels_.begin(), labels_.end()) + 1; }
  int64_t Label(int64_t index) const override { return labels_[static_cast<size_t>(index)]; }

  absl::Status Read(int64_t index, Destinations destinations) const override {
    if (index == unreadable) return failure;
    std::fill(destinations[0].begin(), destinations[0].end(), static_cast<uint8_t>(index + 1));
    return absl::OkStatus();
  }

  int64_t unreadable = -1;
  absl::Status failure = absl::InternalError("that sample");

 private:
  const std::vector<InputSpec> inputs_;
  const std::vector<int64_t> labels_;
  const std::vector<std::string> class_names_;
};

}  // namespace distill
