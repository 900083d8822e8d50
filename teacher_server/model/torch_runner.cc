#include "teacher_server/model/torch_runner.h"

#include <ATen/ATen.h>
#include <ATen/Version.h>
#include <torch/version.h>

#include <algorithm>
#include <bit>
#include <exception>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/models/host_tensors.h"
#include "common/targets/dense.h"

namespace distill {
namespace {

// Names the first input with a NaN or an infinity.
absl::Status CheckFinite(const RunnerRequest& request, const std::vector<InputSpec>& specs) {
  for (size_t i = 0; i < request.inputs.size(); ++i) {
    if (AllFinite(request.inputs[i])) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("input '", specs[i].name, "' has an element that is NaN or infinite"));
  }
  return absl::OkStatus();
}

// The BLAS that LibTorch says it was built with: "mkl", "open", "generic", …
std::string BlasName() {
  const std::string kKey = "BLAS_INFO=";
  const std::string config = at::show_config();
  const size_t key = config.find(kKey);
  if (key == std::string::npos) return "unknown";
  const absl::string_view value = absl::string_view(config).substr(key + kKey.size());
  return absl::AsciiStrToLower(value.substr(0, value.find_first_of(", \n")));
}

int64_t TotalSamples(const std::vector<const RunnerRequest*>& members) {
  int64_t samples = 0;
  for (const RunnerRequest* member : members) samples += member->samples;
  return samples;
}

}  // namespace

TorchRunner::TorchRunner(std::unique_ptr<LoadedModel> model, ModelInfo info,
                         int64_t fixed_batch_size, int threads)
    : model_(std::move(model)), info_(std::move(info)) {
  numerics_.runner =
      model_->description().architecture == kTorchScriptArchitecture ? "torchscript" : "zoo";
  numerics_.dtype = "float32";
  numerics_.device = "cpu";
  numerics_.libtorch_version = TORCH_VERSION;
  numerics_.intra_op_threads = threads;
  numerics_.blas = BlasName();
  numerics_.fixed_batch_size = fixed_batch_size;
}

std::vector<absl::StatusOr<EncodedTargets>> TorchRunner::Run(
    absl::Span<const RunnerRequest> requests) {
  std::vector<absl::StatusOr<EncodedTargets>> answers(requests.size(), absl::UnknownError(""));
  Members members;
  std::vector<size_t> positions;
  for (size_t i = 0; i < requests.size(); ++i) {
    if (absl::Status finite = CheckFinite(requests[i], info_.inputs); !finite.ok()) {
      answers[i] = std::move(finite);
    } else {
      members.push_back(&requests[i]);
      positions.push_back(i);
    }
  }
  if (members.empty()) return answers;
  std::vector<absl::StatusOr<EncodedTargets>> computed = RunMembers(members);
  for (size_t i = 0; i < positions.size(); ++i) answers[positions[i]] = std::move(computed[i]);
  return answers;
}

std::vector<absl::StatusOr<EncodedTargets>> TorchRunner::RunMembers(const Members& members) {
  std::vector<absl::StatusOr<EncodedTargets>> answers;
  answers.reserve(members.size());
  const absl::StatusOr<at::Tensor> logits = ComputeLogits(members);
  if (!logits.ok() && members.size() > 1) {
    for (const RunnerRequest* member : members) {
      answers.push_back(std::move(RunMembers({member}).front()));
    }
    return answers;
  }
  if (!logits.ok()) {
    answers.push_back(TeachersOwnFault(logits.status()));
    return answers;
  }
  const int64_t rows_per_sample = logits->size(0) / TotalSamples(members);
  int64_t row = 0;
  for (const RunnerRequest* member : members) {
    const int64_t rows = member->samples * rows_per_sample;
    absl::StatusOr<EncodedTargets> encoded = Encode(*member, logits->narrow(0, row, rows));
    if (!encoded.ok()) encoded = TeachersOwnFault(encoded.status());
    answers.push_back(std::move(encoded));
    row += rows;
  }
  return answers;
}

absl::StatusOr<at::Tensor> TorchRunner::ComputeLogits(const Members& members) try {
  const c10::InferenceMode inference;
  std::vector<at::Tensor> batch;  // one an input, [samples, …]
  for (size_t input = 0; input < info_.inputs.size(); ++input) {
    std::vector<const HostTensor*> parts;
    for (const RunnerRequest* member : members) parts.push_back(&member->inputs[input]);
    batch.push_back(ConcatenateToTorch(parts));
  }
  const int64_t samples = TotalSamples(members);
  ASSIGN_OR_RETURN(at::Tensor logits, members.front()->batch_independent
                                          ? ComputePadded(batch, samples)
                                          : model_->Logits(batch));
  if (logits.dim() != 2 || logits.size(1) != info_.classes || logits.size(0) == 0 ||
      logits.size(0) % samples != 0) {
    return absl::InternalError(
        absl::StrCat("the model gave logits of shape ",
                     ToString(absl::MakeConstSpan(logits.sizes().data(), logits.sizes().size())),
                     " for ", samples, " samples of ", info_.classes, " classes"));
  }
  return logits;
} catch (const std::exception& error) {
  return absl::InternalError(error.what());
}

absl::StatusOr<at::Tensor> TorchRunner::ComputePadded(const std::vector<at::Tensor>& batch,
                                                      int64_t samples) {
  const int64_t size = numerics_.fixed_batch_size;
  std::vector<at::Tensor> pieces;
  for (int64_t begin = 0; begin < samples; begin += size) {
    const int64_t count = std::min(size, samples - begin);
    std::vector<at::Tensor> padded;  // one an input, [size, …]
    for (const at::Tensor& input : batch) {
      std::vector<int64_t> shape = input.sizes().vec();
      shape[0] = size;
      padded.push_back(at::zeros(shape, input.options()));
      padded.back().narrow(0, 0, count).copy_(input.narrow(0, begin, count));
    }
    ASSIGN_OR_RETURN(const at::Tensor logits, model_->Logits(padded));
    if (logits.dim() != 2 || logits.size(0) % size != 0) {
      return absl::InternalError("the model gave logits that do not fit a padded batch");
    }
    pieces.push_back(logits.narrow(0, 0, logits.size(0) / size * count));
  }
  return pieces.size() == 1 ? pieces.front() : at::cat(pieces);
}

absl::StatusOr<EncodedTargets> TorchRunner::Encode(const RunnerRequest& request,
                                                   at::Tensor logits) try {
  const c10::InferenceMode inference;
  if (!at::isfinite(logits).all().item<bool>()) {
    return absl::InternalError("the model gave a logit that is NaN or infinite");
  }
  if (request.class_order != nullptr) {
    logits = logits.index_select(1, at::tensor(*request.class_order, at::kLong));
  }
  return EncodeDense(request.spec, logits);
} catch (const std::exception& error) {
  return absl::InternalError(error.what());
}

absl::Status TorchRunner::TeachersOwnFault(const absl::Status& detail) {
  if (std::has_single_bit(++faults_)) {
    log::Error(absl::StrCat("the model failed (", faults_, " so far): ", detail.message()));
  }
  return absl::InternalError("the teacher failed to compute this request");
}

absl::Status TorchRunner::WarmUp() {
  for (const int64_t samples : {int64_t{1}, numerics_.fixed_batch_size}) {
    std::vector<at::Tensor> batch;
    for (const InputSpec& spec : info_.inputs) {
      std::vector<int64_t> shape = {samples};
      for (const int64_t dimension : spec.shape) shape.push_back(std::max<int64_t>(dimension, 1));
      batch.push_back(at::zeros(shape, ToTorch(spec.dtype)));
    }
    for (int i = 0; i < 3; ++i) RETURN_IF_ERROR(model_->Logits(batch).status());
  }
  return absl::OkStatus();
}

}  // namespace distill
