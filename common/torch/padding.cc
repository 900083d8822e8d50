#include "common/torch/padding.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <utility>

#include "common/torch/host_tensors.h"

namespace distill {

int64_t PaddedLength(int64_t length, int64_t most) {
  const int64_t padded = (length + kLengthStep - 1) / kLengthStep * kLengthStep;
  return std::max(length, std::min(padded, most));
}

at::Tensor PaddingMask(const at::Tensor& lengths, int64_t padded) {
  return at::arange(padded, lengths.options()).unsqueeze(0).lt(lengths.unsqueeze(1));
}

bool TellsPadding(absl::Span<const InputSpec> specs) {
  return std::all_of(specs.begin(), specs.end(), [](const InputSpec& spec) {
    const bool varies = std::find(spec.shape.begin(), spec.shape.end(), -1) != spec.shape.end();
    return !varies ||
           (spec.shape.size() == 1 && !IsFloatingPoint(spec.dtype) && spec.dtype != DType::kUint8);
  });
}

at::Tensor InputMask(absl::Span<const InputSpec> specs, int64_t pad_id,
                     absl::Span<const at::Tensor> inputs, const at::Tensor& lengths) {
  const auto varying = std::find_if(specs.begin(), specs.end(), HasLengths);
  if (varying == specs.end()) return {};
  const at::Tensor& input = inputs[static_cast<size_t>(varying - specs.begin())];
  if (lengths.defined()) return PaddingMask(lengths.to(input.device()), input.size(1));
  if (TellsPadding(specs)) return at::ne(input, pad_id);
  return at::ones({input.size(0), input.size(1)}, input.options().dtype(at::kBool));
}

std::vector<at::Tensor> PadSamples(absl::Span<const InputBatch> batch,
                                   absl::Span<const int64_t> samples, int64_t padded,
                                   int64_t pad_id) {
  const auto rows = static_cast<int64_t>(samples.size());
  std::vector<at::Tensor> inputs;
  for (size_t i = 0; i < batch.size(); ++i) {
    const InputBatch& input = batch[i];
    const at::TensorOptions options = at::TensorOptions().dtype(ToTorch(input.values.dtype));
    if (input.lengths.empty()) {
      const at::Tensor index =
          at::tensor(std::vector<int64_t>(samples.begin(), samples.end()), at::kLong);
      inputs.push_back(ToTorch(input.values).index_select(0, index));
      continue;
    }
    std::vector<int64_t> offsets = {0};
    for (const int64_t length : input.lengths) offsets.push_back(offsets.back() + length);
    Shape shape = input.values.shape;
    shape[0] = padded;
    shape.insert(shape.begin(), rows);
    const at::Tensor values = at::full(shape, PadValue(batch, i, pad_id), options);
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t sample = samples[static_cast<size_t>(row)];
      CopySample(input, sample, offsets[static_cast<size_t>(sample)], values.select(0, row));
    }
    inputs.push_back(values);
  }
  return inputs;
}

std::vector<LengthGroup> GroupByLength(absl::Span<const int64_t> lengths, bool may_pad,
                                       int64_t most) {
  std::map<int64_t, std::vector<int64_t>> by_padded;
  for (size_t i = 0; i < lengths.size(); ++i) {
    const int64_t padded = may_pad ? PaddedLength(lengths[i], most) : lengths[i];
    by_padded[padded].push_back(static_cast<int64_t>(i));
  }
  std::vector<LengthGroup> groups;
  groups.reserve(by_padded.size());
  for (auto& [padded, samples] : by_padded) groups.push_back({padded, std::move(samples)});
  return groups;
}

std::vector<LengthGroup> WithoutPadding(const LengthGroup& group, size_t first,
                                        absl::Span<const int64_t> lengths) {
  std::map<int64_t, std::vector<int64_t>> by_length;
  for (size_t i = first; i < group.samples.size(); ++i) {
    by_length[lengths[static_cast<size_t>(group.samples[i])]].push_back(group.samples[i]);
  }
  std::vector<LengthGroup> groups;
  if (by_length.size() == 1 && by_length.begin()->first == group.padded) return groups;
  for (auto& [length, samples] : by_length) groups.push_back({length, std::move(samples)});
  return groups;
}

int64_t PadValue(absl::Span<const InputBatch> batch, size_t input, int64_t pad_id) {
  const auto first = std::find_if(batch.begin(), batch.end(),
                                  [](const InputBatch& other) { return !other.lengths.empty(); });
  return first - batch.begin() == static_cast<std::ptrdiff_t>(input) ? pad_id : 0;
}

void CopySample(const InputBatch& input, int64_t sample, int64_t offset, const at::Tensor& row) {
  const auto total = static_cast<size_t>(input.values.shape[0]);
  const size_t position_bytes = input.values.bytes.size() / total;
  const auto length = static_cast<size_t>(input.lengths[static_cast<size_t>(sample)]);
  input.values.bytes.Slice(static_cast<size_t>(offset) * position_bytes, length * position_bytes)
      .CopyTo(row.data_ptr());
}

}  // namespace distill
