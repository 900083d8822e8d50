#include "student_trainer/evaluation/student_logits.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <vector>

#include "common/base/status_macros.h"
#include "common/contract/limits.h"
#include "common/torch/host_tensors.h"
#include "common/torch/padding.h"
#include "common/torch/torch_errors.h"
#include "common/zoo/model_inputs.h"

namespace distill {
namespace {

// One tensor [n, …] per input, and int64 [n] lengths, undefined if samples have none → logits [n,
// …, classes] on the CPU.
using Forward = std::function<absl::StatusOr<at::Tensor>(const std::vector<at::Tensor>& inputs,
                                                         const at::Tensor& lengths)>;

// How a model takes samples of different lengths.
struct LengthRule {
  bool may_pad = false;
  int64_t pad_id = 0;
  int64_t most_samples = 0;  // computed at once; 0: any number
};

// Adds the rows of the samples of a group to `rows`, which has a place per sample.
void AddRows(const at::Tensor& logits, absl::Span<const int64_t> samples,
             const std::vector<int64_t>& lengths, std::vector<at::Tensor>& rows) {
  for (size_t i = 0; i < samples.size(); ++i) {
    const auto sample = static_cast<size_t>(samples[i]);
    const at::Tensor own = logits.select(0, static_cast<int64_t>(i));
    rows[sample] = own.dim() == 1 ? own.unsqueeze(0) : own.narrow(0, 0, lengths[sample]);
  }
}

// Computes the samples of a group, and adds their rows; without padding, if the model cannot take
// what they are padded to.
absl::Status AddGroup(const std::vector<InputBatch>& batch, const LengthGroup& group,
                      const LengthRule& rule, const Forward& forward,
                      std::vector<at::Tensor>& rows) {
  const std::vector<int64_t>& lengths = LengthsOf(batch);
  const size_t step =
      rule.most_samples > 0 ? static_cast<size_t>(rule.most_samples) : group.samples.size();
  for (size_t first = 0; first < group.samples.size(); first += step) {
    const auto samples = absl::MakeConstSpan(group.samples).subspan(first, step);
    std::vector<int64_t> own_lengths;
    for (const int64_t sample : samples) {
      own_lengths.push_back(lengths[static_cast<size_t>(sample)]);
    }
    const absl::StatusOr<at::Tensor> logits = forward(
        PadSamples(batch, samples, group.padded, rule.pad_id), at::tensor(own_lengths, at::kLong));
    if (logits.ok()) {
      AddRows(*logits, samples, lengths, rows);
      continue;
    }
    const std::vector<LengthGroup> unpadded = WithoutPadding(group, first, lengths);
    if (unpadded.empty()) return logits.status();
    for (const LengthGroup& own : unpadded) {
      RETURN_IF_ERROR(AddGroup(batch, own, rule, forward, rows));
    }
    return absl::OkStatus();
  }
  return absl::OkStatus();
}

// The logits of samples with lengths: of each group that is padded to one length, so that those of
// a sample do not depend on others.
absl::StatusOr<at::Tensor> LogitsByLength(const std::vector<InputBatch>& batch,
                                          const LengthRule& rule, const Forward& forward) {
  const std::vector<int64_t>& lengths = LengthsOf(batch);
  std::vector<at::Tensor> rows(lengths.size());
  for (const LengthGroup& group : GroupByLength(lengths, rule.may_pad, StreamLimits().max_length)) {
    RETURN_IF_ERROR(AddGroup(batch, group, rule, forward, rows));
  }
  return at::cat(rows);
}

}  // namespace

LogitsFunction LogitsOf(Model& model, const ModelDescription& description, at::Device device) {
  const Forward forward = [&model, &description, device](
                              const std::vector<at::Tensor>& inputs,
                              const at::Tensor& lengths) -> absl::StatusOr<at::Tensor> {
    at::Tensor logits;
    const absl::Status ran = CatchTorch([&] {
      model.eval();
      logits = model.Forward(PrepareInputs(description, inputs, lengths, device))
                   .to(at::kCPU, at::kFloat);
    });
    RETURN_IF_ERROR(ran, "the student failed");
    return logits;
  };
  const LengthRule rule{.may_pad = model.TakesMask(description.inputs.size()),
                        .pad_id = description.pad_id.value_or(0)};
  return [forward, rule](const std::vector<InputBatch>& batch) -> absl::StatusOr<at::Tensor> {
    if (!LengthsOf(batch).empty()) return LogitsByLength(batch, rule, forward);
    std::vector<at::Tensor> inputs;
    for (const InputBatch& input : batch) inputs.push_back(ToTorch(input.values));
    ASSIGN_OR_RETURN(const at::Tensor logits, forward(inputs, {}));
    return logits.flatten(0, -2);
  };
}

bool TakesOneSampleAlone(const LoadedModel& model) {
  return model.Logits(model.ExampleInputs(1)).ok() && !model.Logits(model.ExampleInputs(2)).ok();
}

LogitsFunction LogitsOfLoaded(const LoadedModel& model) {
  const Forward forward = [&model](const std::vector<at::Tensor>& inputs,
                                   const at::Tensor& lengths) {
    return model.Logits(inputs, lengths);
  };
  const LengthRule rule{.may_pad = model.takes_mask(),
                        .pad_id = model.description().pad_id.value_or(0),
                        .most_samples = TakesOneSampleAlone(model) ? 1 : 0};
  return [forward, rule](const std::vector<InputBatch>& batch) -> absl::StatusOr<at::Tensor> {
    if (!LengthsOf(batch).empty()) return LogitsByLength(batch, rule, forward);
    std::vector<at::Tensor> inputs;
    for (const InputBatch& input : batch) inputs.push_back(ToTorch(input.values));
    const int64_t samples = inputs.front().size(0);
    const int64_t step = rule.most_samples > 0 ? rule.most_samples : samples;
    std::vector<at::Tensor> rows;  // [rows, classes] each
    for (int64_t first = 0; first < samples; first += step) {
      std::vector<at::Tensor> own;
      for (const at::Tensor& input : inputs) own.push_back(input.narrow(0, first, step));
      ASSIGN_OR_RETURN(const at::Tensor logits, forward(own, {}));
      rows.push_back(logits.flatten(0, -2));
    }
    return rows.size() == 1 ? rows[0] : at::cat(rows);
  };
}

}  // namespace distill
