#include "teacher_server/runner/torch_outputs.h"

#include <ATen/ATen.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <utility>

#include "common/codec/encoding.h"
#include "common/torch/threads.h"
#include "common/torch/torch_errors.h"

namespace distill {
namespace {

// Adds the rows of `more`, which has the same spec and classes.
void AppendRows(EncodedTargets more, EncodedTargets& targets) {
  targets.rows += more.rows;
  for (size_t i = 0; i < more.parts.size(); ++i) {
    targets.parts[i].shape[0] += more.parts[i].shape[0];
    targets.parts[i].bytes.Append(std::move(more.parts[i].bytes));
  }
}

constexpr double kLargestHalf = 65504;

bool FitsHalf(const at::Tensor& rows) { return rows.abs().max().item<double>() <= kLargestHalf; }

// Encodes rows of one chunk. Throws.
EncodedTargets EncodeChunk(const at::Tensor& rows, int64_t first_row,
                           const OutputEncoding& encoding, const at::Tensor& class_order,
                           const EncodeOptions& options) {
  TORCH_CHECK(at::isfinite(rows).all().item<bool>(),
              "the model gave a number that is NaN or infinite");
  return EncodeTargets(encoding.spec,
                       class_order.defined() ? rows.index_select(1, class_order) : rows, options,
                       first_row);
}

}  // namespace

TorchOutputs::TorchOutputs(std::vector<SharedRows> outputs, std::optional<c10::Stream> stream,
                           std::shared_ptr<TeacherFaults> faults)
    : outputs_(std::move(outputs)), stream_(stream), faults_(std::move(faults)) {}

int64_t TorchOutputs::rows(size_t output) const { return outputs_[output].count; }

absl::StatusOr<EncodedTargets> TorchOutputs::Encode(size_t output, RowRange rows,
                                                    const OutputEncoding& encoding,
                                                    const EncodeOptions& options) const {
  UseThreadsHere();
  const c10::InferenceMode inference;
  const c10::OptionalStreamGuard stream(stream_);
  BatchRows& batch = *outputs_[output].batch;
  const int64_t first = outputs_[output].first + rows.first;
  const int64_t end = first + rows.count;
  const bool narrow = encoding.spec.kind != OutputKind::kLogits &&
                      encoding.spec.encoding == TargetEncoding::kDenseF16;
  bool fits = true;
  EncodedTargets targets;
  const absl::Status encoded = CatchTorch([&] {
    at::Tensor order;
    for (int64_t row = first; row < end;) {
      const int64_t next = std::min(end, batch.ChunkEnd(row));
      const at::Tensor some = batch.Rows(row, next - row);
      if (encoding.class_order != nullptr && !order.defined()) {
        order = at::tensor(*encoding.class_order, at::kLong).to(some.device());
      }
      fits = fits && (!narrow || FitsHalf(some));  // NaN does not fit, and is found below
      EncodedTargets chunk = EncodeChunk(some, row - first + rows.first, encoding, order, options);
      row == first ? void(targets = std::move(chunk)) : AppendRows(std::move(chunk), targets);
      row = next;
    }
  });
  if (!encoded.ok()) return faults_->Report(encoded);
  if (!fits) {
    return absl::InternalError(
        "the teacher: it gave a number beyond float16 in this output; ask for bf16 or f32");
  }
  return targets;
}

}  // namespace distill
