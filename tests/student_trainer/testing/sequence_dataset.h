// SequenceDataset: tokens of different lengths in memory, with a label per position.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "student_trainer/data/dataset.h"

namespace distill::testing {

// Sample i has the bytes `samples[i]`, and the labels `labels[i]`; without labels, none.
class SequenceDataset : public Dataset {
 public:
  explicit SequenceDataset(std::vector<std::string> samples,
                           std::vector<std::vector<int64_t>> labels = {})
      : samples_(std::move(samples)), labels_(std::move(labels)) {}

  int64_t size() const override { return static_cast<int64_t>(samples_.size()); }
  const std::vector<InputSpec>& inputs() const override { return inputs_; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int64_t classes() const override { return labels_.empty() ? 0 : 10; }
  int64_t Length(int64_t index) const override {
    return static_cast<int64_t>(samples_[static_cast<size_t>(index)].size());
  }
  int64_t Label(int64_t index) const override {
    const std::vector<int64_t> labels = Labels(index);
    const bool any = std::any_of(labels.begin(), labels.end(), [](int64_t l) { return l >= 0; });
    return any ? 0 : kNoLabel;
  }
  bool labels_by_position() const override { return !labels_.empty(); }
  std::vector<int64_t> Labels(int64_t index) const override {
    if (labels_.empty()) return {kNoLabel};
    return labels_[static_cast<size_t>(index)];
  }
  absl::Status Read(int64_t index, Destinations destinations) const override {
    const std::string& sample = samples_[static_cast<size_t>(index)];
    std::copy(sample.begin(), sample.end(), destinations[0].begin());
    return absl::OkStatus();
  }

 private:
  const std::vector<std::string> samples_;
  const std::vector<std::vector<int64_t>> labels_;
  const std::vector<std::string> class_names_;
  const std::vector<InputSpec> inputs_ = {{"tokens", DType::kInt8, {-1}}};
};

}  // namespace distill::testing
