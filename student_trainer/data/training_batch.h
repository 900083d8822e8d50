// TrainingBatch: what the loader makes, the prefetcher sends, and the trainer learns from.
#pragma once

#include <cstdint>
#include <vector>

#include "common/tensor/host_tensor.h"

namespace distill {

struct TrainingBatch {
  HostTensor inputs;            // [n, …], views in the data's own type
  std::vector<int64_t> labels;  // n; kUnlabelled (-1) where there is none
  // Where views are mixed of two samples (mixup, CutMix), the label of the second, and the weight
  // of the first in [0, 1]; both empty where none is.
  std::vector<int64_t> mixed_labels;
  std::vector<float> label_weights;
  std::vector<int64_t> sample_ids;  // n; indices into the data set
  int64_t epoch = 0;                // from 0
  int64_t position = 0;             // of the first sample in the epoch's order

  int64_t size() const { return static_cast<int64_t>(sample_ids.size()); }
};

}  // namespace distill
