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
      : input_(std::move(input)), labels_(std::move(labels)) {}

  int64_t size() const override { return static_cast<int64_t>(labels_.size()); }
  const InputSpec& input() const override { return input_; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int64_t classes() const override { return *std::max_element(labels_.begin(), labels_.end()) + 1; }
  int64_t Label(int64_t index) const override { return labels_[static_cast<size_t>(index)]; }

  absl::Status Read(int64_t index, absl::Span<uint8_t> destination) const override {
    if (index == unreadable) return failure;
    std::fill(destination.begin(), destination.end(), static_cast<uint8_t>(index + 1));
    return absl::OkStatus();
  }

  int64_t unreadable = -1;
  absl::Status failure = absl::InternalError("that sample");

 private:
  const InputSpec input_;
  const std::vector<int64_t> labels_;
  const std::vector<std::string> class_names_;
};

}  // namespace distill
