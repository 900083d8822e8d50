#include "teacher_server/runner/ragged_batch.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

#include "common/contract/row_mask.h"
#include "common/torch/host_tensors.h"

namespace distill {
namespace {

int64_t Sum(const std::vector<int64_t>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), int64_t{0});
}

bool IsIdentity(const std::vector<int64_t>& order) {
  for (size_t i = 0; i < order.size(); ++i) {
    if (order[i] != static_cast<int64_t>(i)) return false;
  }
  return true;
}

at::Tensor IndexOf(const std::vector<int64_t>& index, at::Device device) {
  return at::tensor(index, at::kLong).to(device);
}

}  // namespace

RaggedBatch::RaggedBatch(absl::Span<const InputSpec> specs,
                         absl::Span<const RunnerRequest* const> requests,
                         const RaggedOptions& options)
    : specs_(specs), requests_(requests), options_(options) {
  for (size_t r = 0; r < requests.size(); ++r) {
    const std::vector<int64_t>& lengths = LengthsOf(requests[r]->inputs);
    lengths_.insert(lengths_.end(), lengths.begin(), lengths.end());
    const std::vector<int64_t> rows = SelectedRows(requests[r]->row_mask, Sum(lengths));
    auto row = rows.begin();
    int64_t offset = 0;
    for (size_t i = 0; i < lengths.size(); ++i) {
      Sample& sample = samples_.emplace_back();
      sample.request = r;
      sample.index = static_cast<int64_t>(i);
      sample.offset = offset;
      for (; row != rows.end() && *row < offset + lengths[i]; ++row) {
        sample.wanted.push_back(*row - offset);
      }
      offset += lengths[i];
    }
  }
  groups_ = GroupByLength(lengths_, options.may_pad, options.max_length);
}

PaddedBatch RaggedBatch::Gather(const LengthGroup& group, int64_t first, int64_t rows) const {
  const auto sample_of = [&](int64_t row) -> const Sample& {
    const auto last = static_cast<int64_t>(group.samples.size()) - 1;
    return samples_[static_cast<size_t>(
        group.samples[static_cast<size_t>(std::min(first + row, last))])];
  };
  PaddedBatch batch;
  std::vector<int64_t> lengths;
  for (int64_t row = 0; row < rows; ++row) {
    const Sample& sample = sample_of(row);
    lengths.push_back(
        LengthsOf(requests_[sample.request]->inputs)[static_cast<size_t>(sample.index)]);
  }
  batch.lengths = at::tensor(lengths, at::kLong);
  for (size_t i = 0; i < specs_.size(); ++i) {
    const bool has_lengths = !requests_.front()->inputs[i].lengths.empty();
    Shape shape = requests_.front()->inputs[i].values.shape;
    if (has_lengths) {
      shape[0] = group.padded;
      shape.insert(shape.begin(), rows);
    } else {
      shape[0] = rows;
    }
    at::Tensor input = at::empty(
        shape, at::TensorOptions().dtype(ToTorch(specs_[i].dtype)).pinned_memory(options_.pinned));
    if (has_lengths) input.fill_(PadValue(requests_.front()->inputs, i, options_.pad_id));
    for (int64_t row = 0; row < rows; ++row) {
      const Sample& sample = sample_of(row);
      const InputBatch& source = requests_[sample.request]->inputs[i];
      const at::Tensor target = input.select(0, row);
      if (has_lengths) {
        CopySample(source, sample.index, sample.offset, target);
      } else {
        SliceRows(source.values, sample.index, sample.index + 1).bytes.CopyTo(target.data_ptr());
      }
    }
    batch.inputs.push_back(std::move(input));
  }
  return batch;
}

int64_t RaggedBatch::RowsOf(const Sample& sample, const OutputSpec& spec) const {
  return spec.rows_per_sample == -1 ? static_cast<int64_t>(sample.wanted.size())
                                    : spec.rows_per_sample;
}

void RaggedBatch::Add(size_t output, const OutputSpec& spec, const LengthGroup& group,
                      int64_t first, const at::Tensor& given) {
  if (kept_.size() <= output) kept_.resize(output + 1);
  const int64_t own = std::min(given.size(0), static_cast<int64_t>(group.samples.size()) - first);
  const at::Tensor real = given.narrow(0, 0, own);
  const at::Tensor flat = real.reshape({-1, given.size(-1)});
  Kept& kept = kept_[output];
  kept.samples.insert(kept.samples.end(), group.samples.begin() + first,
                      group.samples.begin() + first + own);
  if (spec.rows_per_sample != -1) return kept.rows.push_back(flat);
  TORCH_CHECK(given.dim() == 3 && given.size(1) == group.padded, "the model gives ", spec.name, " ",
              given.sizes(), " for samples of length ", group.padded);
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < own; ++i) {
    const Sample& sample =
        samples_[static_cast<size_t>(group.samples[static_cast<size_t>(first + i)])];
    for (const int64_t position : sample.wanted) rows.push_back(i * group.padded + position);
  }
  const bool all = static_cast<int64_t>(rows.size()) == flat.size(0);
  kept.rows.push_back(all ? flat : flat.index_select(0, IndexOf(rows, flat.device())));
}

RaggedBatch::Rows RaggedBatch::Take(size_t output, const OutputSpec& spec) {
  const Kept kept = std::move(kept_[output]);
  Rows result{kept.rows.size() == 1 ? kept.rows.front() : at::cat(kept.rows),
              std::vector<int64_t>(requests_.size(), 0)};
  std::vector<int64_t> first_row(samples_.size());  // in the order in which they were added
  int64_t row = 0;
  for (const int64_t sample : kept.samples) {
    first_row[static_cast<size_t>(sample)] = row;
    row += RowsOf(samples_[static_cast<size_t>(sample)], spec);
  }
  std::vector<int64_t> order;
  for (size_t i = 0; i < samples_.size(); ++i) {
    const int64_t rows = RowsOf(samples_[i], spec);
    for (int64_t r = 0; r < rows; ++r) order.push_back(first_row[i] + r);
    result.counts[samples_[i].request] += rows;
  }
  if (!IsIdentity(order)) {
    result.rows = result.rows.index_select(0, IndexOf(order, result.rows.device()));
  }
  return result;
}

}  // namespace distill
