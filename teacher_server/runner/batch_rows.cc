#include "teacher_server/runner/batch_rows.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace distill {

BatchRows::BatchRows(std::vector<at::Tensor> pieces, int64_t width, Make make)
    : pieces_(std::move(pieces)), width_(width), make_(std::move(make)) {}

BatchRows::Chunk BatchRows::ChunkOf(int64_t row) const {
  const int64_t step =
      std::max<int64_t>(1, kChunkBytes / (width_ * static_cast<int64_t>(sizeof(float))));
  Chunk chunk;
  while (row >= chunk.start + pieces_[chunk.piece].size(0)) {
    chunk.start += pieces_[chunk.piece++].size(0);
  }
  chunk.begin = (row - chunk.start) / step * step;
  chunk.end = std::min(chunk.begin + step, pieces_[chunk.piece].size(0));
  return chunk;
}

int64_t BatchRows::ChunkEnd(int64_t row) const {
  const Chunk chunk = ChunkOf(row);
  return chunk.start + chunk.end;
}

at::Tensor BatchRows::Rows(int64_t first, int64_t count) {
  const Chunk chunk = ChunkOf(first);
  const at::Tensor& piece = pieces_[chunk.piece];
  if (make_ == nullptr) return piece.narrow(0, first - chunk.start, count).to(at::kFloat);
  const MutexLock lock(mutex_);
  const int64_t made_first = chunk.start + chunk.begin;
  if (!made_.defined() || made_first_ != made_first) {
    made_ = at::Tensor();  // free before the next one is made
    made_ = make_(piece.narrow(0, chunk.begin, chunk.end - chunk.begin)).to(at::kFloat);
    made_first_ = made_first;
  }
  return made_.narrow(0, first - made_first, count);
}

}  // namespace distill
