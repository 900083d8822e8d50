#include "student_trainer/step/trainer.h"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/torch/generators.h"
#include "common/torch/torch_errors.h"
#include "student_trainer/step/clip.h"

namespace distill {
namespace {

// Before the optimizer sees the parameters, so that gradients and momentum get the same device and
// layout.
void Place(Model& model, at::Device device) {
  model.to(device);
  for (at::Tensor parameter : model.parameters()) {
    if (parameter.dim() == 4) {
      parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
    }
  }
}

void ScaleGradients(const std::vector<at::Tensor>& parameters, double scale) {
  const at::NoGradGuard no_grad;
  for (const at::Tensor& parameter : parameters) {
    if (parameter.grad().defined()) parameter.mutable_grad().mul_(scale);
  }
}

// The max-norm constraint of Hinton et al., "Improving neural networks by preventing co-adaptation
// of feature detectors", 2012, arXiv:1207.0580: the weights into a unit, or a filter, are scaled
// down to the norm where theirs is above it.
void BoundWeights(const std::vector<at::Tensor>& parameters, double max_norm) {
  const at::NoGradGuard no_grad;
  for (at::Tensor parameter : parameters) {
    if (parameter.dim() >= 2) parameter.renorm_(/*p=*/2, /*dim=*/0, max_norm);
  }
}

// In the state where it differs from "steps".
constexpr char kScheduled[] = "scheduled_steps";

absl::Status Diverged(absl::string_view what, double value, int64_t step) {
  return absl::InternalError(absl::StrCat("training has diverged: ", what, " is ", value,
                                          " at step ", step, "; try a smaller `lr`"));
}

}  // namespace

Trainer::Trainer(std::shared_ptr<Model> model, ModelDescription description,
                 const TrainerOptions& options)
    : model_(std::move(model)),
      description_(std::move(description)),
      options_(options),
      optimizer_((Place(*model_, options.device), MakeOptimizer(*model_, options.optimizer))) {
  if (options_.ema_decay > 0) average_.emplace(*model_, options_.ema_decay);
}

double Trainer::learning_rate() const { return LearningRate(options_.schedule, scheduled_); }

DistillationLossOptions Trainer::loss_options() const {
  DistillationLossOptions loss = options_.loss;
  if (options_.alpha.has_value()) loss.alpha = ValueAt(*options_.alpha, scheduled_);
  if (options_.temperature.has_value())
    loss.temperature = ValueAt(*options_.temperature, scheduled_);
  return loss;
}

absl::StatusOr<StepResult> Trainer::Step(const TargetedBatch& targeted) {
  StepResult result;
  absl::Status taken;
  const absl::Status ran = CatchTorch([&] {
    taken = AddGradient(targeted, result);
    if (taken.ok() && batches_ == options_.accumulate) taken = TakeStep(result);
  });
  if (!ran.ok()) taken = Annotate(ran, "training step failed");
  if (taken.ok()) return result;
  ForgetStep();
  return taken;
}

absl::Status Trainer::FinishStep() {
  if (batches_ == 0) return absl::OkStatus();
  StepResult result;
  absl::Status taken;
  const absl::Status ran = CatchTorch([&] { taken = TakeStep(result); });
  if (!ran.ok()) taken = Annotate(ran, "training step failed");
  if (!taken.ok()) ForgetStep();
  return taken;
}

absl::Status Trainer::AddGradient(const TargetedBatch& targeted, StepResult& result) {
  const int64_t samples = targeted.batch.size();
  const int64_t rows = targeted.batch.rows();
  const bool has_targets = !targeted.targets.empty();
  const DistillationLossOptions loss_options = this->loss_options();
  const bool uses_labels = !has_targets || loss_options.alpha < 1;
  const DeviceBatch batch = ToDevice(targeted, description_, options_.device);
  result.samples = samples;
  result.rows = rows;
  result.with_targets = has_targets ? samples : 0;
  result.labelled = uses_labels ? batch.labelled : 0;
  result.trained = has_targets || batch.labelled > 0;
  if (result.trained) {
    model_->train();
    at::Tensor logits;  // [rows, classes]
    {
      const AutocastScope scope(options_.autocast, options_.device.type());
      logits = model_->Forward(batch.inputs);
    }
    logits = LogitsOfRows(logits, batch).to(at::kFloat);
    const DecodedTargets* targets = nullptr;
    if (has_targets) {
      ASSIGN_OR_RETURN(targets, TargetsOf(batch, loss_options.objective.output));
      RETURN_IF_ERROR(CheckFit(*targets, logits));
    }
    const LossParts loss = has_targets
                               ? DistillationLoss(logits, *targets, batch.labels, loss_options)
                               : HardLabelLoss(logits, batch.labels, loss_options.label_smoothing);
    result.loss = loss.total.item<double>();
    if (!std::isfinite(result.loss)) return Diverged("the loss", result.loss, step_);
    result.student_loss = loss.student.item<double>();
    result.distillation_loss = loss.distillation.item<double>();
    if (uses_labels) {
      result.correct = logits.detach()
                           .argmax(1)
                           .eq(batch.likeliest_labels)
                           .logical_and(batch.counts)
                           .sum()
                           .item<int64_t>();
    }
    // A sum over rows, which TakeStep divides by all of the step.
    (options_.accumulate == 1 ? loss.total : loss.total * rows).backward();
    has_gradient_ = true;
  }
  ++batches_;
  rows_ += rows;
  return absl::OkStatus();
}

absl::Status Trainer::TakeStep(StepResult& result) {
  if (has_gradient_) {
    const std::vector<at::Tensor> parameters = optimizer_->parameters();
    if (options_.accumulate > 1) ScaleGradients(parameters, 1.0 / static_cast<double>(rows_));
    if (options_.clip_norm > 0) {
      result.gradient_norm = ClipGradientNorm(parameters, options_.clip_norm);
      if (!std::isfinite(*result.gradient_norm)) {
        return Diverged("the norm of the gradients", *result.gradient_norm, step_);
      }
    }
    optimizer_->Step(learning_rate());
    if (options_.max_norm > 0) BoundWeights(parameters, options_.max_norm);
    if (average_.has_value()) average_->Update();
    result.stepped = true;
  }
  ForgetStep();
  ++step_;
  ++scheduled_;
  return absl::OkStatus();
}

void Trainer::ForgetStep() {
  optimizer_->ZeroGrad();
  batches_ = 0;
  rows_ = 0;
  has_gradient_ = false;
}

std::optional<Ema::Swapped> Trainer::UseAverage() {
  if (!average_.has_value()) return std::nullopt;
  return std::optional<Ema::Swapped>(std::in_place, *average_);
}

NamedTensors Trainer::Tensors() const {
  NamedTensors all;
  AddUnder("optimizer", optimizer_->tensors(), all);
  if (average_.has_value()) AddUnder("ema", average_->tensors(), all);
  return all;
}

absl::StatusOr<TensorMap> Trainer::state() const {
  if (batches_ != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("step ", step_, " is incomplete: its gradients are not part of the state"));
  }
  TensorMap state;
  RETURN_IF_ERROR(CatchTorch([&] {
    NamedTensors all = Tensors();
    all.emplace("steps", at::scalar_tensor(step_, at::kLong));
    if (scheduled_ != step_) all.emplace(kScheduled, at::scalar_tensor(scheduled_, at::kLong));
    AddUnder("generator", GeneratorStates(options_.device), all);
    state = ToHost(all);
  }));
  return state;
}

absl::Status Trainer::LoadState(const TensorMap& state) {
  const at::Tensor steps = at::zeros({}, at::kLong);
  NamedTensors generators;
  NamedTensors all = Tensors();
  RETURN_IF_ERROR(CatchTorch([&] { generators = GeneratorStates(options_.device); }));
  AddUnder("generator", generators, all);
  all.emplace("steps", steps);
  const at::Tensor scheduled = at::zeros({}, at::kLong);
  if (state.contains(kScheduled)) all.emplace(kScheduled, scheduled);
  RETURN_IF_ERROR(CopyInto(state, all, "the state of this training"));
  ForgetStep();
  step_ = steps.item<int64_t>();
  scheduled_ = state.contains(kScheduled) ? scheduled.item<int64_t>() : step_;
  return CatchTorch([&] { SetGeneratorStates(options_.device, generators); });
}

}  // namespace distill
