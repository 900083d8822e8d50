#include "common/codec/sparse.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "common/codec/draw.h"
#include "common/codec/parts.h"
#include "common/contract/bit_packing.h"
#include "common/torch/host_tensors.h"

namespace distill {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLowestHalf = -65504;  // the least finite float16

// Returns the number of rows that are processed at once, so that the copies made of them, which no
// budget counts, stay within a few MiB on a host.
int64_t RowsAtOnce(const at::Tensor& logits, const TargetSpec& spec) {
  const int64_t elements = logits.is_cuda() ? int64_t{1} << 26 : int64_t{1} << 18;
  const int64_t of_a_row = std::max(logits.size(1), 8 * (int64_t{spec.k} + spec.draws));
  return std::max<int64_t>(1, elements / of_a_row);
}

// The k most likely classes. ids: int64 [rows, k], ascending; log_probabilities: [rows, k].
struct Head {
  at::Tensor ids, log_probabilities;
  at::Tensor log_tail;  // [rows]
  at::Tensor others;    // the logits, -inf at the head: [rows, classes]
};

// scaled: logits / T minus the maximum of the row, [rows, classes].
Head TakeHead(const at::Tensor& scaled, int64_t k) {
  Head head;
  const at::Tensor largest = std::get<1>(scaled.topk(k, 1, /*largest=*/true, /*sorted=*/false));
  head.ids = std::get<0>(largest.sort(1));
  const at::Tensor log_total = scaled.logsumexp(1, /*keepdim=*/true);  // [rows, 1]
  head.log_probabilities = scaled.gather(1, head.ids) - log_total;
  head.others = scaled.scatter(1, head.ids, -kInfinity);
  head.log_tail = k == scaled.size(1) ? at::full({scaled.size(0)}, kLowestHalf, scaled.options())
                                      : head.others.logsumexp(1) - log_total.squeeze(1);
  return head;
}

// The result is never above 0, which rounding of the subtraction could exceed.
at::Tensor ToHalf(const at::Tensor& logarithms) {
  return logarithms.clamp(kLowestHalf, 0).to(at::kHalf).cpu();
}

// The parts of answers as tensors, in the order of PartsOf, for the members that the sparse
// encoding has.
struct SparseParts {
  explicit SparseParts(absl::Span<const EncodedTargets> answers) {
    const EncodedTargets& first = answers.front();
    const int64_t k = first.spec.k, draws = first.spec.draws;
    size_t part = 0;
    ids = Unpack(PartToTorch(answers, part++), k + draws, IdBits(first.classes));
    if (k > 0) {
      log_probabilities = PartToTorch(answers, part++).to(at::kFloat);
      log_tail = PartToTorch(answers, part++).to(at::kFloat);
      const at::Tensor log_sum = at::logaddexp(log_probabilities.logsumexp(1), log_tail);  // [rows]
      log_probabilities.sub_(log_sum.unsqueeze(1));
      log_tail.sub_(log_sum);
    }
    if (draws > 0) {
      shares = Unpack(PartToTorch(answers, part++), draws, CountBits(first.spec))
                   .to(at::kFloat)
                   .div_(static_cast<double>(draws));
    }
  }

  at::Tensor ids;                          // int64 [rows, k + draws]
  at::Tensor log_probabilities, log_tail;  // float32 [rows, k], [rows]; if there is a head
  at::Tensor shares;                       // float32 [rows, draws]; if there are draws
};

}  // namespace

EncodedTargets EncodeSparse(const TargetSpec& spec, const at::Tensor& logits,
                            const EncodeOptions& options, int64_t first_row) {
  const int64_t rows = logits.size(0), classes = logits.size(1), k = spec.k, draws = spec.draws;
  const int id_bits = IdBits(classes), count_bits = CountBits(spec);
  const at::Tensor ids = at::empty({rows, PackedBytes(k + draws, id_bits)}, at::kByte);
  const at::Tensor log_probabilities = at::empty({rows, k}, at::kHalf);
  const at::Tensor tail = at::empty({rows}, at::kHalf);
  const at::Tensor counts = at::empty({rows, PackedBytes(draws, count_bits)}, at::kByte);
  const int64_t step = RowsAtOnce(logits, spec);
  for (int64_t row = 0; row < rows; row += step) {
    const int64_t n = std::min(step, rows - row);
    const at::Tensor some = logits.narrow(0, row, n);
    at::Tensor from = (some - some.amax(1, /*keepdim=*/true)).div_(options.temperature);
    std::vector<at::Tensor> some_ids;  // [n, …]
    if (k > 0) {
      const Head head = TakeHead(from, k);
      some_ids.push_back(head.ids.cpu());
      log_probabilities.narrow(0, row, n).copy_(ToHalf(head.log_probabilities));
      tail.narrow(0, row, n).copy_(ToHalf(head.log_tail));
      from = head.others;
    }
    if (draws > 0) {
      const Tally tally = Count(Draw(from, draws, options.seed, first_row + row));
      some_ids.push_back(tally.ids);
      Pack(tally.counts, count_bits, counts.narrow(0, row, n));
    }
    Pack(at::cat(some_ids, 1), id_bits, ids.narrow(0, row, n));
  }
  EncodedTargets targets{spec, rows, classes, {FromTorch(ids)}};
  if (k > 0) {
    targets.parts.push_back(FromTorch(log_probabilities));
    targets.parts.push_back(FromTorch(tail));
  }
  if (draws > 0) targets.parts.push_back(FromTorch(counts));
  return targets;
}

TopKTargets DecodeTopK(absl::Span<const EncodedTargets> answers) {
  SparseParts parts(answers);
  return {std::move(parts.ids), std::move(parts.log_probabilities), std::move(parts.log_tail),
          answers.front().classes};
}

SampledTargets DecodeSampled(absl::Span<const EncodedTargets> answers) {
  SparseParts parts(answers);
  at::Tensor weights = parts.shares;
  if (parts.log_tail.defined()) {
    weights =
        at::cat({parts.log_probabilities.exp_(), weights * parts.log_tail.exp_().unsqueeze(1)}, 1);
  }
  return {std::move(parts.ids), std::move(weights), answers.front().classes};
}

}  // namespace distill
