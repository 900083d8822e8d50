#include "common/inference/stability.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

constexpr int64_t kOthers = 4;

// Of the largest logit, by the model's type. Dropout and batch statistics change logits by far
// more.
double StableTolerance(at::ScalarType dtype) { return dtype == at::kFloat ? 0.01 : 0.1; }

// How far the logits are apart, as a part of the largest.
double Difference(const at::Tensor& a, const at::Tensor& b) {
  const double largest = a.abs().max().item<double>();
  return (a - b).abs().max().item<double>() / std::max(largest, 1e-6);
}

absl::Status Unstable(double difference, absl::string_view when, absl::string_view cause) {
  return absl::FailedPreconditionError(
      absl::StrFormat("the model: it gives a sample other logits %s, by up to %.2g of the largest, "
                      "as with %s; save "
                      "it in eval mode",
                      when, difference, cause));
}

}  // namespace

absl::Status CheckStable(const LoadedModel& model) {
  const std::vector<at::Tensor> batch = model.VariedInputs(1 + kOthers);
  std::vector<at::Tensor> first;
  for (const at::Tensor& input : batch) first.push_back(input.narrow(0, 0, 1).contiguous());
  ASSIGN_OR_RETURN(const at::Tensor once, model.Logits(first));
  ASSIGN_OR_RETURN(const at::Tensor again, model.Logits(first));
  if (!at::isfinite(once).all().item<bool>()) return absl::OkStatus();  // answered by an error
  const double tolerance = StableTolerance(model.placement().dtype);
  if (const double difference = Difference(once, again); !(difference <= tolerance)) {
    return Unstable(difference, "when it is asked again", "dropout that was left on");
  }
  const absl::StatusOr<at::Tensor> among = model.Logits(batch);
  if (!among.ok()) return absl::OkStatus();
  const double difference = Difference(once, among->narrow(0, 0, 1));
  if (difference <= tolerance) return absl::OkStatus();
  return Unstable(difference, "among other samples", "statistics of the batch that were left on");
}

}  // namespace distill
