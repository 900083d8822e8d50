#include "common/codec/draw.h"

#include <ATen/ATen.h>

#include "common/base/random.h"

namespace distill {
namespace {

// float64 [rows, draws], uniform in [0, 1).
at::Tensor Uniforms(int64_t rows, int64_t draws, uint64_t seed, int64_t first_row) {
  const at::Tensor uniforms = at::empty({rows, draws}, at::kDouble);
  double* out = uniforms.mutable_data_ptr<double>();
  for (int64_t row = first_row; row < first_row + rows; ++row) {
    for (int64_t draw = 0; draw < draws; ++draw) {
      const uint64_t bits =
          MixSeed({seed, static_cast<uint64_t>(row), static_cast<uint64_t>(draw)});
      *out++ = static_cast<double>(bits >> 11) * 0x1.0p-53;
    }
  }
  return uniforms;
}

}  // namespace

// Inverts the cumulative distribution, in float64: summing 10^5 classes in float32 would shift the
// last of these classes by as much as their probability.
at::Tensor Draw(const at::Tensor& logits, int64_t draws, uint64_t seed, int64_t first_row) {
  const at::Tensor cumulative = logits.softmax(1).cumsum(1, at::kDouble);  // [rows, classes]
  const at::Tensor total = cumulative.narrow(1, logits.size(1) - 1, 1);    // [rows, 1]
  const at::Tensor position =
      Uniforms(logits.size(0), draws, seed, first_row).to(logits.device()).mul_(total);
  // Takes the first class whose cumulative probability is above the position; this is never a class
  // of probability 0.
  const at::Tensor drawn =
      at::searchsorted(cumulative, position, /*out_int32=*/false, /*right=*/true);
  return std::get<0>(drawn.clamp_max(logits.size(1) - 1).sort(1)).cpu();
}

Tally Count(const at::Tensor& drawn) {
  const int64_t draws = drawn.size(1);
  Tally tally{at::zeros_like(drawn), at::zeros_like(drawn)};
  const auto in = drawn.accessor<int64_t, 2>();
  auto ids = tally.ids.accessor<int64_t, 2>();
  auto counts = tally.counts.accessor<int64_t, 2>();
  for (int64_t row = 0; row < drawn.size(0); ++row) {
    int64_t place = -1;
    for (int64_t draw = 0; draw < draws; ++draw) {
      if (draw == 0 || in[row][draw] != in[row][draw - 1]) ids[row][++place] = in[row][draw];
      ++counts[row][place];
    }
  }
  return tally;
}

}  // namespace distill
