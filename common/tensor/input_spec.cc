#include "common/tensor/input_spec.h"

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

// The shape of a tensor must equal the shape of the spec after the batch dimension.
bool Fits(absl::Span<const int64_t> wanted, absl::Span<const int64_t> shape) {
  if (shape.size() != wanted.size() + 1) return false;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const int64_t got = shape[i + 1];
    if (wanted[i] == -1 ? got < 1 : got != wanted[i]) return false;
  }
  return true;
}

absl::Status CheckInput(const InputSpec& spec, const HostTensor& input) {
  const std::string prefix = absl::StrCat("input '", spec.name, "'");
  if (input.dtype != spec.dtype) {
    return absl::InvalidArgumentError(
        absl::StrCat(prefix, " must be ", Name(spec.dtype), ", not ", Name(input.dtype)));
  }
  if (!Fits(spec.shape, input.shape)) {
    return absl::InvalidArgumentError(
        absl::StrCat(prefix, " must have shape ", ToString(spec.shape),
                     " behind a batch dimension, not ", ToString(input.shape)));
  }
  if (input.shape[0] < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(prefix, " must have at least one sample, not ", input.shape[0]));
  }
  return Annotate(input.Validate(), prefix);
}

}  // namespace

std::string ToString(const InputSpec& spec) {
  return absl::StrCat(spec.name, ": ", Name(spec.dtype), ToString(spec.shape));
}

absl::StatusOr<int64_t> CheckInputs(absl::Span<const InputSpec> specs,
                                    absl::Span<const HostTensor> inputs) {
  if (specs.empty()) return absl::InvalidArgumentError("the model has no inputs");
  if (inputs.size() != specs.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected ", specs.size(), " input tensors, got ", inputs.size()));
  }
  for (size_t i = 0; i < specs.size(); ++i) {
    RETURN_IF_ERROR(CheckInput(specs[i], inputs[i]));
    if (inputs[i].shape[0] != inputs[0].shape[0]) {
      return absl::InvalidArgumentError(
          absl::StrCat("input '", specs[i].name, "' has ", inputs[i].shape[0], " samples, and '",
                       specs[0].name, "' has ", inputs[0].shape[0], "; they must be as many"));
    }
  }
  return inputs[0].shape[0];
}

}  // namespace distill
