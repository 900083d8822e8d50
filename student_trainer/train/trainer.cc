#include "student_trainer/train/trainer.h"

#include <torch/torch.h>

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/models/host_tensors.h"
#include "common/models/loaded_model.h"
#include "common/targets/encoding.h"

namespace distill {
namespace {

// Convolutions run 1.1 to 1.9 times faster in this layout. Before the optimizer sees the
// parameters, so that gradients and momentum get the same layout.
void UseChannelsLast(Model& model) {
  for (at::Tensor parameter : model.parameters()) {
    if (parameter.dim() == 4) {
      parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
    }
  }
}

at::Tensor ToChannelsLast(const at::Tensor& x) {
  return x.dim() == 4 ? x.contiguous(at::MemoryFormat::ChannelsLast) : x;
}

// The batch's soft targets; nullopt where it has none. INVALID_ARGUMENT unless they are as many
// rows and classes as the student's logits.
absl::StatusOr<std::optional<DecodedTargets>> TargetsOf(const TargetedBatch& targeted,
                                                        const at::Tensor& logits) {
  if (targeted.targets.empty()) return std::nullopt;
  DecodedTargets targets = DecodeTargets(targeted.targets);
  if (Rows(targets) != logits.size(0) || Classes(targets) != logits.size(1)) {
    return absl::InvalidArgumentError(absl::StrCat("soft targets of ", Rows(targets), " rows and ",
                                                   Classes(targets), " classes for a student of ",
                                                   logits.size(0), " rows and ", logits.size(1)));
  }
  return targets;
}

}  // namespace

Trainer::Trainer(std::shared_ptr<Model> model, Normalization normalization,
                 const TrainerOptions& options)
    : model_(std::move(model)),
      normalization_(std::move(normalization)),
      options_(options),
      optimizer_((UseChannelsLast(*model_), *model_),
                 {.momentum = options.momentum, .weight_decay = options.weight_decay}) {}

double Trainer::learning_rate() const { return LearningRate(options_.schedule, step_); }

absl::StatusOr<StepResult> Trainer::Step(const TargetedBatch& targeted) try {
  const TrainingBatch& batch = targeted.batch;
  const bool has_targets = !targeted.targets.empty();
  const at::Tensor labels = torch::tensor(batch.labels, torch::kInt64);  // [n]
  const at::Tensor is_labelled = labels.ne(kNoLabel);

  const double rate = learning_rate();
  ++step_;
  StepResult result{.samples = batch.size(), .with_targets = has_targets ? batch.size() : 0};
  const bool uses_labels = !has_targets || options_.loss.alpha < 1;
  if (uses_labels) result.labelled = is_labelled.sum().item<int64_t>();
  if (!has_targets && result.labelled == 0) {
    result.stepped = false;
    return result;
  }

  model_->train();
  const at::Tensor logits =  // [n, classes]
      model_->Forward(ToChannelsLast(Normalize(ToTorch(batch.inputs), normalization_)));
  ASSIGN_OR_RETURN(const std::optional<DecodedTargets> targets, TargetsOf(targeted, logits));
  const LossParts loss = targets.has_value()
                             ? DistillationLoss(logits, *targets, {labels}, options_.loss)
                             : HardLabelLoss(logits, {labels});
  result.loss = loss.total.item<double>();
  if (!std::isfinite(result.loss)) {
    return absl::InternalError(absl::StrCat("the loss is ", result.loss, " at step ", step_ - 1,
                                            ": training has diverged; try a smaller --lr"));
  }
  result.student_loss = loss.student.item<double>();
  result.distillation_loss = loss.distillation.item<double>();

  optimizer_.ZeroGrad();
  loss.total.backward();
  optimizer_.Step(rate);

  if (uses_labels) {
    result.correct =
        logits.detach().argmax(1).eq(labels).logical_and(is_labelled).sum().item<int64_t>();
  }
  return result;
} catch (const std::exception& error) {
  return absl::InternalError(absl::StrCat("training step failed: ", error.what()));
}

}  // namespace distill
