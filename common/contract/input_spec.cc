#include "common/contract/input_spec.h"

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
  const std::string name = absl::StrCat("input '", spec.name, "'");
  if (input.dtype != spec.dtype) {
    return InvalidValue(absl::StrCat("the dtype of ", name), Name(input.dtype), Name(spec.dtype));
  }
  if (!Fits(spec.shape, input.shape)) {
    return InvalidValue(absl::StrCat("the shape of ", name), ToString(input.shape),
                        absl::StrCat(ToString(spec.shape), " behind a batch dimension"));
  }
  if (input.shape[0] < 1) {
    return InvalidValue(absl::StrCat("the number of samples of ", name), input.shape[0],
                        "1 or more");
  }
  return Annotate(input.Validate(), name);
}

}  // namespace

std::string ToString(const InputSpec& spec) {
  return absl::StrCat(spec.name, ": ", Name(spec.dtype), ToString(spec.shape));
}

absl::StatusOr<int64_t> CheckInputs(absl::Span<const InputSpec> specs,
                                    absl::Span<const HostTensor> inputs) {
  if (specs.empty()) return absl::InvalidArgumentError("the model: it has no inputs");
  if (inputs.size() != specs.size()) {
    return InvalidValue("the number of input tensors", inputs.size(), specs.size());
  }
  for (size_t i = 0; i < specs.size(); ++i) {
    RETURN_IF_ERROR(CheckInput(specs[i], inputs[i]));
    if (inputs[i].shape[0] != inputs[0].shape[0]) {
      return InvalidValue(absl::StrCat("the number of samples of input '", specs[i].name, "'"),
                          inputs[i].shape[0],
                          absl::StrCat(inputs[0].shape[0], ", as of '", specs[0].name, "'"));
    }
  }
  return inputs[0].shape[0];
}

}  // namespace distill
