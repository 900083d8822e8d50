// TrainingBatch is made by the loader, sent by the prefetcher, and trained on by the trainer.
#pragma once

#include <cstdint>
#include <vector>

#include "common/tensor/host_tensor.h"

namespace distill {

struct TrainingBatch {
  HostTensor inputs;            // [n, …], views in the type of the data
  std::vector<int64_t> labels;  // n; kNoLabel (-1) where there is none
  // If views are mixed from two samples (mixup, CutMix), the label of the second, and the weight of
  // the first in [0, 1]; both empty if none is mixed.
  std::vector<int64_t> mixed_labels;
  std::vector<float> label_weights;
  std::vector<int64_t> sample_ids;  // n; indices into the data set
  int64_t epoch = 0;                // from 0
  int64_t position = 0;             // of the first sample, in the order of the epoch

  int64_t size() const { return static_cast<int64_t>(sample_ids.size()); }
};

}  // namespace distill
