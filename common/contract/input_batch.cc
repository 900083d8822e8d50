#include "common/contract/input_batch.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

std::string NameOf(const InputSpec& spec) { return absl::StrCat("input '", spec.name, "'"); }

// The shape of a tensor must equal the shape of the spec after the batch dimension.
bool Fits(absl::Span<const int64_t> wanted, absl::Span<const int64_t> shape) {
  if (shape.size() != wanted.size() + 1) return false;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const int64_t got = shape[i + 1];
    if (wanted[i] == -1 ? got < 1 : got != wanted[i]) return false;
  }
  return true;
}

absl::Status CheckEqual(const InputSpec& spec, const InputBatch& input) {
  const std::string name = NameOf(spec);
  if (!input.lengths.empty()) {
    return InvalidValue(absl::StrCat("the number of lengths of ", name), input.lengths.size(),
                        absl::StrCat("0, as ", HasLengths(spec) ? "the stream is not ragged"
                                                                : "its samples are of one shape"));
  }
  if (!Fits(spec.shape, input.values.shape)) {
    return InvalidValue(absl::StrCat("the shape of ", name), ToString(input.values.shape),
                        absl::StrCat(ToString(spec.shape), " behind a batch dimension"));
  }
  if (input.values.shape[0] < 1) {
    return InvalidValue(absl::StrCat("the number of samples of ", name), input.values.shape[0],
                        "1 or more");
  }
  return absl::OkStatus();
}

absl::Status CheckRagged(const InputSpec& spec, const InputBatch& input) {
  const std::string name = NameOf(spec);
  const Shape& shape = input.values.shape;
  if (shape.size() != spec.shape.size() ||
      !std::equal(spec.shape.begin() + 1, spec.shape.end(), shape.begin() + 1)) {
    return InvalidValue(absl::StrCat("the shape of ", name), ToString(shape),
                        absl::StrCat(ToString(spec.shape), " with the sum of its lengths for -1"));
  }
  if (input.lengths.empty()) {
    return InvalidValue(absl::StrCat("the number of lengths of ", name), 0, "one per sample");
  }
  int64_t left = shape[0];
  for (size_t i = 0; i < input.lengths.size(); ++i) {
    const int64_t length = input.lengths[i];
    if (length < 1) {
      return InvalidValue(absl::StrCat("the length of sample ", i, " of ", name), length,
                          "1 or more");
    }
    if (length > left) {
      return InvalidValue(absl::StrCat("the sum of the lengths of ", name),
                          absl::StrCat("more than ", shape[0]),
                          absl::StrCat(shape[0], ", its first dimension"));
    }
    left -= length;
  }
  if (left > 0) {
    return InvalidValue(absl::StrCat("the sum of the lengths of ", name), shape[0] - left,
                        absl::StrCat(shape[0], ", its first dimension"));
  }
  return absl::OkStatus();
}

absl::Status CheckInput(const InputSpec& spec, const InputBatch& input, Lengths lengths) {
  if (input.values.dtype != spec.dtype) {
    return InvalidValue(absl::StrCat("the dtype of ", NameOf(spec)), Name(input.values.dtype),
                        Name(spec.dtype));
  }
  RETURN_IF_ERROR(lengths == Lengths::kRagged && HasLengths(spec) ? CheckRagged(spec, input)
                                                                  : CheckEqual(spec, input));
  return Annotate(input.values.Validate(), NameOf(spec));
}

absl::Status CheckSameLengths(const InputSpec& spec, const std::vector<int64_t>& lengths,
                              const InputSpec& first, const std::vector<int64_t>& wanted) {
  const auto [own, other] = std::mismatch(lengths.begin(), lengths.end(), wanted.begin());
  if (own == lengths.end()) return absl::OkStatus();
  return InvalidValue(
      absl::StrCat("the length of sample ", own - lengths.begin(), " of ", NameOf(spec)), *own,
      absl::StrCat(*other, ", as of '", first.name, "'"));
}

}  // namespace

int64_t InputBatch::samples() const {
  if (!lengths.empty()) return static_cast<int64_t>(lengths.size());
  return values.shape.empty() ? 0 : values.shape[0];
}

InputBatch SliceSamples(const InputBatch& batch, int64_t begin, int64_t end) {
  if (batch.lengths.empty()) return SliceRows(batch.values, begin, end);
  const auto first = batch.lengths.begin() + begin;
  const auto last = batch.lengths.begin() + end;
  const int64_t row = std::accumulate(batch.lengths.begin(), first, int64_t{0});
  return {SliceRows(batch.values, row, std::accumulate(first, last, row)),
          std::vector<int64_t>(first, last)};
}

std::vector<InputBatch> SliceSamples(absl::Span<const InputBatch> batch, int64_t begin,
                                     int64_t end) {
  std::vector<InputBatch> slices;
  slices.reserve(batch.size());
  for (const InputBatch& input : batch) slices.push_back(SliceSamples(input, begin, end));
  return slices;
}

std::vector<InputBatch> SelectInputs(const std::vector<InputBatch>& batch,
                                     const std::vector<size_t>& inputs) {
  std::vector<InputBatch> selected;
  selected.reserve(inputs.size());
  for (const size_t i : inputs) selected.push_back(batch[i]);
  return selected;
}

int64_t ByteSize(absl::Span<const InputBatch> batch) {
  int64_t bytes = 0;
  for (const InputBatch& input : batch) bytes += static_cast<int64_t>(input.values.bytes.size());
  return bytes;
}

const std::vector<int64_t>& LengthsOf(absl::Span<const InputBatch> batch) {
  static const std::vector<int64_t> kNone;
  for (const InputBatch& input : batch) {
    if (!input.lengths.empty()) return input.lengths;
  }
  return kNone;
}

int64_t LongestLength(absl::Span<const InputSpec> specs, absl::Span<const InputBatch> batch) {
  int64_t longest = 0;
  for (size_t i = 0; i < specs.size(); ++i) {
    for (const int64_t length : batch[i].lengths) longest = std::max(longest, length);
    if (!batch[i].lengths.empty()) continue;
    for (size_t d = 0; d < specs[i].shape.size(); ++d) {
      if (specs[i].shape[d] == -1) longest = std::max(longest, batch[i].values.shape[d + 1]);
    }
  }
  return longest;
}

bool HasLengths(const InputSpec& spec) {
  return !spec.shape.empty() && spec.shape[0] == -1 &&
         std::count(spec.shape.begin(), spec.shape.end(), -1) == 1;
}

absl::StatusOr<int64_t> CheckInputs(absl::Span<const InputSpec> specs,
                                    absl::Span<const InputBatch> inputs, Lengths lengths) {
  if (specs.empty()) return absl::InvalidArgumentError("the model: it has no inputs");
  if (inputs.size() != specs.size()) {
    return InvalidValue("the number of input tensors", inputs.size(), specs.size());
  }
  size_t first_ragged = specs.size();
  for (size_t i = 0; i < specs.size(); ++i) {
    RETURN_IF_ERROR(CheckInput(specs[i], inputs[i], lengths));
    if (inputs[i].samples() != inputs[0].samples()) {
      return InvalidValue(absl::StrCat("the number of samples of ", NameOf(specs[i])),
                          inputs[i].samples(),
                          absl::StrCat(inputs[0].samples(), ", as of '", specs[0].name, "'"));
    }
    if (inputs[i].lengths.empty()) continue;
    first_ragged = std::min(first_ragged, i);
    RETURN_IF_ERROR(CheckSameLengths(specs[i], inputs[i].lengths, specs[first_ragged],
                                     inputs[first_ragged].lengths));
  }
  return inputs[0].samples();
}

}  // namespace distill
