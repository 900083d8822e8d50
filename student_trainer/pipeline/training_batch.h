// TrainingBatch is made by the loader, sent by the prefetcher, and trained on by the trainer.
#pragma once

#include <cstdint>
#include <vector>

#include "common/contract/input_batch.h"

namespace distill {

// n samples. Each has one row, of its label and its soft targets, or one row per position.
struct TrainingBatch {
  std::vector<InputBatch> inputs;  // one per input of the data, in its type; images are views
  // Of the rows; kNoLabel (-1) where there is none.
  std::vector<int64_t> labels;
  // Of the positions of all samples: whether they have a row; empty: all have one, or samples have
  // one row each.
  std::vector<bool> wanted = {};
  // If views are mixed from two samples (mixup, CutMix), the label of the second, and the weight of
  // the first in [0, 1]; both empty if none is mixed.
  std::vector<int64_t> mixed_labels;
  std::vector<float> label_weights;
  std::vector<int64_t> sample_ids;  // n; indices into the data set
  int64_t epoch = 0;                // from 0
  int64_t position = 0;             // of the first sample, in the order of the epoch

  int64_t size() const { return static_cast<int64_t>(sample_ids.size()); }
  int64_t rows() const { return static_cast<int64_t>(labels.size()); }
};

}  // namespace distill
