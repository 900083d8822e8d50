#include "common/inference/stability.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/status_macros.h"
#include "common/contract/input_batch.h"

namespace distill {
namespace {

constexpr int64_t kSamples = 8;
// Rare draws, such as those of stochastic depth, show in one of several runs.
constexpr int kRunsAlone = 16;
constexpr int kRunsTogether = 8;

// Of the largest number. The same inputs in the same places give the same bits on a CPU, and nearly
// so on other devices.
double RepeatTolerance(const Placement& placement) {
  return placement.device.is_cpu() ? 1e-6 : 1e-3;
}

// Of the largest number, by the model's type: kernels for other batch sizes round otherwise.
// Dropout and batch statistics change outputs by far more.
double OtherBatchTolerance(at::ScalarType dtype) { return dtype == at::kFloat ? 0.01 : 0.1; }

using Tensors = std::vector<at::Tensor>;  // one per output; undefined: made of another

absl::StatusOr<Tensors> Compute(const LoadedModel& model, const Tensors& batch,
                                const at::Tensor& lengths = {}) {
  ASSIGN_OR_RETURN(Tensors outputs, model.Compute(batch, lengths));
  for (at::Tensor& output : outputs) {
    if (output.defined()) output = output.to(at::kFloat);
  }
  return outputs;
}

Tensors Rows(const Tensors& tensors, int64_t first, int64_t count) {
  Tensors rows;
  for (const at::Tensor& tensor : tensors) {
    rows.push_back(tensor.defined() ? tensor.narrow(0, first, count).contiguous() : tensor);
  }
  return rows;
}

Tensors Reversed(const Tensors& tensors) {
  Tensors reversed;
  for (const at::Tensor& tensor : tensors) {
    reversed.push_back(tensor.defined() ? tensor.flip(0).contiguous() : tensor);
  }
  return reversed;
}

bool AreFinite(const Tensors& outputs) {
  return std::all_of(outputs.begin(), outputs.end(), [](const at::Tensor& output) {
    return !output.defined() || at::isfinite(output).all().item<bool>();
  });
}

// How far the outputs are apart, as a part of the largest number; NaN if it is not a number.
double Difference(const Tensors& a, const Tensors& b) {
  double difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!a[i].defined()) continue;
    const double largest = a[i].abs().max().item<double>();
    const double part = (a[i] - b[i]).abs().max().item<double>() / std::max(largest, 1e-6);
    if (!(part <= difference)) difference = part;
  }
  return difference;
}

absl::Status Unstable(double difference, absl::string_view when, absl::string_view cause) {
  return absl::FailedPreconditionError(
      absl::StrFormat("the model: it gives a sample other outputs %s, by up to %.2g of the "
                      "largest, as with %s",
                      when, difference, cause));
}

// Asks for the batch again and again.
absl::Status CheckRepeats(const LoadedModel& model, const Tensors& batch, const Tensors& once,
                          int runs) {
  for (int run = 1; run < runs; ++run) {
    ASSIGN_OR_RETURN(const Tensors again, Compute(model, batch));
    if (const double difference = Difference(once, again);
        !(difference <= RepeatTolerance(model.placement()))) {
      return Unstable(difference, "when it is asked again",
                      "dropout that was left on; save it in eval mode");
    }
  }
  return absl::OkStatus();
}

// One sample, padded with zeros to twice its length.
Tensors Padded(const LoadedModel& model, const Tensors& sample) {
  Tensors padded;
  for (size_t i = 0; i < sample.size(); ++i) {
    const bool varies = HasLengths(model.description().inputs[i]);
    padded.push_back(varies ? at::cat({sample[i], at::zeros_like(sample[i])}, 1) : sample[i]);
  }
  return padded;
}

// A model that takes a mask, and does not use it, gives other outputs where a sample is padded.
absl::Status CheckMaskIsUsed(const LoadedModel& model, const Tensors& sample) {
  const auto& inputs = model.description().inputs;
  const auto varying = std::find_if(inputs.begin(), inputs.end(), HasLengths);
  if (!model.takes_mask() || varying == inputs.end()) return absl::OkStatus();
  const int64_t length = sample[static_cast<size_t>(varying - inputs.begin())].size(1);
  const at::Tensor lengths = at::full({1}, length, at::kLong);
  ASSIGN_OR_RETURN(const Tensors alone, Compute(model, sample, lengths));
  const absl::StatusOr<Tensors> padded = Compute(model, Padded(model, sample), lengths);
  if (!padded.ok() || !AreFinite(alone)) return absl::OkStatus();  // it takes no longer samples
  Tensors own;
  for (size_t i = 0; i < padded->size(); ++i) {
    const at::Tensor& output = (*padded)[i];
    const bool by_position = output.defined() && model.outputs()[i].rows_per_sample == -1;
    own.push_back(by_position ? output.narrow(1, 0, length).contiguous() : output);
  }
  const double difference = Difference(alone, own);
  if (difference <= OtherBatchTolerance(model.placement().dtype)) return absl::OkStatus();
  return Unstable(difference, "where it is padded",
                  "a mask that is taken and not used; use it, or leave the argument out, and "
                  "samples are not padded");
}

}  // namespace

absl::Status CheckStable(const LoadedModel& model) {
  const Tensors batch = model.VariedInputs(kSamples);
  const Tensors first = Rows(batch, 0, 1);
  const Tensors last = Rows(batch, kSamples - 1, 1);
  ASSIGN_OR_RETURN(const Tensors first_alone, Compute(model, first));
  if (!AreFinite(first_alone)) return absl::OkStatus();  // answered by an error
  RETURN_IF_ERROR(CheckRepeats(model, first, first_alone, kRunsAlone));
  RETURN_IF_ERROR(CheckMaskIsUsed(model, first));
  const absl::StatusOr<Tensors> together = Compute(model, batch);
  if (!together.ok() || !AreFinite(*together)) return absl::OkStatus();
  RETURN_IF_ERROR(CheckRepeats(model, batch, *together, kRunsTogether));

  const double tolerance = OtherBatchTolerance(model.placement().dtype);
  ASSIGN_OR_RETURN(const Tensors reversed, Compute(model, Reversed(batch)));
  if (const double difference = Difference(*together, Reversed(reversed));
      !(difference <= tolerance)) {
    return Unstable(difference, "in another place of the batch",
                    "a layer that takes the batch as its second dimension (batch_first), or an "
                    "operation over the batch");
  }
  ASSIGN_OR_RETURN(const Tensors last_alone, Compute(model, last));
  const double difference = std::max(Difference(first_alone, Rows(*together, 0, 1)),
                                     Difference(last_alone, Rows(*together, kSamples - 1, 1)));
  if (difference <= tolerance) return absl::OkStatus();
  return Unstable(
      difference, "among other samples",
      "statistics of the batch that were left on (save it in eval mode), or a layer that "
      "takes the batch as its second dimension (batch_first)");
}

}  // namespace distill
