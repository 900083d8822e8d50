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

}  // namespace

TorchOutputs::TorchOutputs(at::Tensor logits, std::optional<c10::Stream> stream,
                           std::shared_ptr<TeacherFaults> faults)
    : logits_(std::move(logits)), stream_(stream), faults_(std::move(faults)) {}

int64_t TorchOutputs::rows(size_t) const { return logits_.size(0); }

absl::StatusOr<EncodedTargets> TorchOutputs::Encode(size_t, RowRange rows,
                                                    const OutputEncoding& encoding,
                                                    const EncodeOptions& options) const {
  UseThreadsHere();
  const c10::InferenceMode inference;
  const c10::OptionalStreamGuard stream(stream_);
  const int64_t row_bytes = logits_.size(1) * static_cast<int64_t>(sizeof(float));
  const int64_t step = std::max<int64_t>(1, kEncodeBytes / row_bytes);
  EncodedTargets targets;
  const absl::Status encoded = CatchTorch([&] {
    at::Tensor order;
    if (encoding.class_order != nullptr) {
      order = at::tensor(*encoding.class_order, at::kLong).to(logits_.device());
    }
    for (int64_t done = 0; done < rows.count; done += step) {
      EncodedTargets piece = EncodePiece({rows.first + done, std::min(step, rows.count - done)},
                                         encoding, order, options);
      done == 0 ? void(targets = std::move(piece)) : AppendRows(std::move(piece), targets);
    }
  });
  if (!encoded.ok()) return faults_->Report(encoded);
  return targets;
}

EncodedTargets TorchOutputs::EncodePiece(RowRange rows, const OutputEncoding& encoding,
                                         const at::Tensor& class_order,
                                         const EncodeOptions& options) const {
  at::Tensor logits = logits_.narrow(0, rows.first, rows.count);
  TORCH_CHECK(at::isfinite(logits).all().item<bool>(),
              "the model gave a logit that is NaN or infinite");
  if (class_order.defined()) logits = logits.index_select(1, class_order);
  return EncodeTargets(encoding.spec, logits, options, rows.first);
}

}  // namespace distill
