// BatchRows: the rows of one output of a batch, made when they are asked for.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "common/base/mutex.h"

namespace distill {

// The requests of a batch share it. Where the rows have to be made, as logits of features, they are
// made in chunks, and the last chunk is kept: requests that are encoded one after the other share
// its work, and what lives at once does not grow with the batch. Thread-safe.
class BatchRows {
 public:
  // Of float32 rows.
  static constexpr int64_t kChunkBytes = 64 << 20;

  // Maps [n, …] of a piece to rows [n, width]. Throws like Torch.
  using Make = std::function<at::Tensor(const at::Tensor&)>;

  // `pieces`: what the model gave, [n, …] each, one after the other: those of a piece are computed
  // as they would be alone. Null `make`: they are the rows.
  BatchRows(std::vector<at::Tensor> pieces, int64_t width, Make make = nullptr);

  int64_t width() const { return width_; }

  // Returns the first row after the chunk that has `row`.
  int64_t ChunkEnd(int64_t row) const;

  // Returns rows of one chunk, float32 [count, width], on the device. Throws like Torch.
  at::Tensor Rows(int64_t first, int64_t count);

 private:
  // Where a chunk is: rows [begin, end) of the piece, which begins with row `start` of the batch.
  struct Chunk {
    size_t piece = 0;
    int64_t start = 0;
    int64_t begin = 0;
    int64_t end = 0;
  };
  Chunk ChunkOf(int64_t row) const;

  const std::vector<at::Tensor> pieces_;
  const int64_t width_;
  const Make make_;
  Mutex mutex_;
  int64_t made_first_ ABSL_GUARDED_BY(mutex_) = 0;  // the row of the batch that made_ begins with
  at::Tensor made_ ABSL_GUARDED_BY(mutex_);         // undefined: no chunk yet
};

}  // namespace distill
