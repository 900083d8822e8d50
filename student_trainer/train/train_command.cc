#include "student_trainer/train/train_command.h"

#include <torch/torch.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/models/loaded_model.h"
#include "common/models/placement.h"
#include "common/models/threads.h"
#include "common/models/weights.h"
#include "student_trainer/client/prefetcher.h"
#include "student_trainer/data/batch_loader.h"
#include "student_trainer/resample/resample.h"
#include "student_trainer/train/batch_sources.h"
#include "student_trainer/train/checkpoint.h"
#include "student_trainer/train/make_trainer_options.h"
#include "student_trainer/train/run_directory.h"
#include "student_trainer/train/run_identity.h"
#include "student_trainer/train/ship.h"
#include "student_trainer/train/student.h"
#include "student_trainer/train/student_logits.h"
#include "student_trainer/train/teacher_session.h"
#include "student_trainer/train/train_summary.h"
#include "student_trainer/train/training_data.h"
#include "student_trainer/train/training_loop.h"

namespace distill {
namespace {

// Whether there is what the options want to learn from.
absl::Status CheckSamples(const TrainOptions& options, const TrainingData& data,
                          absl::Span<const int64_t> samples) {
  const auto count = static_cast<int64_t>(samples.size());
  if (data.split.labelled.empty() && options.Distills() && options.ResolvedAlpha() < 1 &&
      options.alpha.has_value()) {
    return absl::FailedPreconditionError(
        absl::StrCat("--alpha ", *options.alpha,
                     ": no sample of the training data has a label, so that only the "
                     "teacher can be learnt from; must be 1, or left out"));
  }
  if (count < 2) {
    if (!options.Distills() && data.train->classes() == 0) {
      return absl::FailedPreconditionError(absl::StrCat(
          "--train ", options.train, " has no labels: training on hard labels alone needs them"));
    }
    return absl::FailedPreconditionError(
        absl::StrCat("--train ", options.train, " leaves ", count,
                     " samples to train on after the validation part; at least 2 are needed"));
  }
  if (options.batch_size > count) {
    return absl::FailedPreconditionError(
        absl::StrCat("--batch_size ", options.batch_size, ": there are ", count,
                     " samples to train on; must be at most that"));
  }
  return absl::OkStatus();
}

std::string Describe(const Numerics& numerics) {
  return absl::StrCat(numerics.runner, ", ", numerics.dtype, " on ", numerics.device, ", LibTorch ",
                      numerics.libtorch_version, ", ", numerics.intra_op_threads, " threads, ",
                      numerics.blas, ", batches of ", numerics.fixed_batch_size);
}

// What a run shares with the checkpoint that it goes on from.
absl::StatusOr<nlohmann::json> IdentityOf(const TrainOptions& options, const TrainingData& data,
                                          const TrainableModel& student,
                                          const TeacherPool* teachers) {
  nlohmann::json identity = {{"seed", options.seed},
                             {"batch_size", options.batch_size},
                             {"epochs", options.epochs},
                             {"accumulate", options.accumulate},
                             {"optimizer", options.optimizer},
                             {"views", options.views},
                             {"deterministic", options.deterministic},
                             {"split_seed", options.split.split_seed},
                             {"labelled", data.split.labelled.size()},
                             {"unlabelled", data.split.unlabelled.size()},
                             {"validation", data.validation_samples().size()},
                             {"student", student.description.architecture},
                             {"student_arguments", student.description.arguments}};
  ASSIGN_OR_RETURN(identity["data"], DataDigest(*data.train));
  if (data.separate_validation != nullptr) {
    ASSIGN_OR_RETURN(identity["validation_data"], DataDigest(*data.separate_validation));
  }
  if (teachers != nullptr) {
    identity["teacher_fingerprint"] = teachers->info().fingerprint;
    identity["encoding"] = std::string(Name(options.encoding));
    if (options.deterministic) identity["teacher_numerics"] = Describe(teachers->numerics());
  }
  if (options.deterministic) {
    identity["numerics"] =
        absl::StrCat("LibTorch ", TORCH_VERSION, ", ", at::get_num_threads(), " threads");
  }
  return identity;
}

// A run as it goes on: what its parts are made of, until the loop has ended. In order of lifetime.
struct Run {
  const TrainOptions& options;
  TrainingData data;
  std::vector<int64_t> samples;
  TeacherSession teacher;
  std::optional<ModelInfo> teacher_info;
  TrainableModel student;
  RunDirectory directory;
};

// Takes the checkpoint's state over; returns where the run stands.
absl::StatusOr<RunProgress> GoOn(const TrainOptions& options, const Checkpoint& checkpoint,
                                 const nlohmann::json& identity, Model& model, Trainer& trainer) {
  if (const absl::Status same = CheckSameRun(checkpoint.identity, identity); !same.ok()) {
    if (!options.resume_anyway) {
      return absl::FailedPreconditionError(absl::StrCat("--resume: this is not the run in ",
                                                        options.run_dir, ": ", same.message(),
                                                        "; --resume_anyway goes on all the same"));
    }
    log::Warning(absl::StrCat("going on though ", same.message()));
  }
  RETURN_IF_ERROR(LoadState(checkpoint.model, model));
  RETURN_IF_ERROR(trainer.LoadState(checkpoint.trainer));
  log::Info(absl::StrCat("going on with the run in ", options.run_dir, " after ",
                         checkpoint.progress.batches, " batches"));
  return checkpoint.progress;
}

absl::StatusOr<EvaluationResult> TestBest(const Run& run) {
  ASSIGN_OR_RETURN(const std::unique_ptr<LoadedModel> best,
                   LoadedModel::Load(run.directory.model()));
  return Evaluate(*run.data.test, AllSamples(*run.data.test), *run.data.corrupt_test,
                  LogitsOfLoaded(*best));
}

absl::StatusOr<TrainFigures> Train(Run& run, std::stop_token stop, Progress& progress, Clock& clock,
                                   std::optional<MetricsLog>& metrics) {
  const TrainOptions& options = run.options;
  Model& model = *run.student.model;
  ModelDescription& description = run.student.description;
  ASSIGN_OR_RETURN(const ViewOptions views, options.ResolvedViews(run.data.train->input().shape));
  const BatchMaker maker(*run.data.train, run.samples, run.data.split.labelled,
                         {.batch_size = options.batch_size,
                          .epochs = options.epochs,
                          .seed = options.seed,
                          .views = views,
                          .resizer = Resize},
                         *run.data.corrupt_train);
  const int64_t steps_per_epoch =
      (maker.batches_per_epoch() + options.accumulate - 1) / options.accumulate;
  ASSIGN_OR_RETURN(TrainerOptions trainer_options, MakeTrainerOptions(options, steps_per_epoch));
  if (run.data.split.labelled.empty() && options.Distills()) trainer_options.loss.alpha = 1;
  ASSIGN_OR_RETURN(const Placement placement, ParsePlacement(options.device, "f32"));
  trainer_options.device = placement.device;
  Trainer trainer(run.student.model, description.normalization, trainer_options);

  const CheckpointFolder checkpoints(run.directory.checkpoints(), options.keep_checkpoints);
  ASSIGN_OR_RETURN(const nlohmann::json identity,
                   IdentityOf(options, run.data, run.student, run.teacher.teachers.get()));
  std::optional<Checkpoint> newest;
  if (options.resume) {
    ASSIGN_OR_RETURN(newest, checkpoints.ReadNewest());
  }
  RunProgress begin;
  if (newest.has_value()) {
    ASSIGN_OR_RETURN(begin, GoOn(options, *newest, identity, model, trainer));
  }
  ASSIGN_OR_RETURN(metrics, MetricsLog::Open(run.directory.metrics(),
                                             newest.has_value() ? newest->metrics_bytes : 0));
  newest.reset();

  BatchLoader loader(maker, {.threads = options.loader_threads, .first_batch = begin.batches});
  HardLabelSource hard_labels(loader, clock);
  std::optional<Prefetcher> prefetcher;
  std::optional<std::stop_callback<std::function<void()>>> stop_prefetching;
  TargetedBatchSource* source = &hard_labels;
  if (options.Distills()) {
    prefetcher.emplace(*run.teacher.teachers, loader,
                       PrefetcherOptions{.temperature = static_cast<float>(options.temperature),
                                         .run_seed = options.seed,
                                         .policy = options.on_teacher_loss},
                       clock);
    stop_prefetching.emplace(stop, [&prefetcher] { prefetcher->Stop(); });
    source = &*prefetcher;
  }
  DownsampledSource downsampled(*source, description.inputs[0]);

  const std::vector<int64_t> held_out = run.data.validation_samples();
  const LogitsFunction logits = LogitsOf(model, description, placement.device);
  const TrainingLoop loop{.trainer = trainer,
                          .batches = downsampled,
                          .validate =
                              [&]() {
                                const auto average = trainer.UseAverage();
                                return Evaluate(run.data.validation(), held_out,
                                                run.data.corrupt_in_validation(), logits);
                              },
                          .keep_best =
                              [&](int64_t epoch, const EvaluationResult& validation) {
                                const auto average = trainer.UseAverage();
                                description.training["best_epoch"] = epoch;
                                description.training["validation"] = ToJson(validation);
                                return SaveModelDirectory(run.directory.model(), description,
                                                          model);
                              },
                          .checkpoint = [&](const RunProgress& now) -> absl::Status {
                            Checkpoint checkpoint{.progress = now,
                                                  .identity = identity,
                                                  .metrics_bytes = metrics->bytes(),
                                                  .description = ToJson(description),
                                                  .model = StateOf(model)};
                            ASSIGN_OR_RETURN(checkpoint.trainer, trainer.state());
                            return checkpoints.Write(checkpoint);
                          },
                          .metrics = *metrics,
                          .progress = progress,
                          .clock = clock,
                          .epochs = options.epochs,
                          .batches_per_epoch = maker.batches_per_epoch(),
                          .validate_every = options.validate_every,
                          .checkpoint_every = options.checkpoint_every,
                          .accumulate = options.accumulate,
                          .has_teacher = options.Distills(),
                          .begin = begin};
  TrainFigures figures;
  ASSIGN_OR_RETURN(figures.training, RunTrainingLoop(loop, stop));
  figures.waited_for_data =
      prefetcher.has_value() ? prefetcher->stats().waited_for_data : hard_labels.waited_for_data();
  return figures;
}

}  // namespace

absl::Status RunTrain(const TrainOptions& options, std::stop_token stop, std::ostream& out,
                      Progress::Output output, Clock& clock) {
  RETURN_IF_ERROR(options.Validate());
  const ExistingRun existing = options.resume ? ExistingRun::kResume : ExistingRun::kRefuse;
  RETURN_IF_ERROR(CheckRunDirectory(options.run_dir, existing));
  SetThreads(options.threads);
  if (options.deterministic) at::globalContext().setDeterministicAlgorithms(true, false);

  Run run{.options = options};
  ASSIGN_OR_RETURN(run.data, OpenTrainingData(options));
  run.samples = run.data.training_samples(options.Distills() ? TrainingData::Use::kAll
                                                             : TrainingData::Use::kLabelledOnly);
  RETURN_IF_ERROR(CheckSamples(options, run.data, run.samples));
  if (options.Distills()) {
    ASSIGN_OR_RETURN(run.teacher, OpenTeacherSession(options, run.data, clock, stop));
    run.teacher_info = run.teacher.teachers->info();
  } else if (!options.teachers.empty()) {
    log::Warning("--alpha is 0: the teacher is not asked");
  }
  ASSIGN_OR_RETURN(run.student, MakeStudent(options, run.data, run.samples, run.teacher_info));
  ASSIGN_OR_RETURN(run.directory, OpenRunDirectory(options.run_dir, existing, options.config_toml));
  log::Info(absl::StrFormat("%s with %d parameters; %d samples, %d of them labelled; %d held out",
                            options.student, CountParameters(*run.student.model),
                            run.samples.size(), run.data.split.labelled.size(),
                            run.data.validation_samples().size()));

  Progress progress(out, output, clock);
  std::optional<MetricsLog> metrics;
  ASSIGN_OR_RETURN(TrainFigures figures, Train(run, stop, progress, clock, metrics));
  if (options.Distills()) {
    figures.teacher = {.stats = run.teacher.teachers->stats(),
                       .samples_by_teacher = run.teacher.teachers->samples_by_teacher(),
                       .probe_samples = run.teacher.probe_samples};
  }
  RETURN_IF_ERROR(AddTorchScript(run.directory.model()));
  if (run.data.test != nullptr) {
    ASSIGN_OR_RETURN(figures.test, TestBest(run));
  }
  figures.corrupt_samples = run.data.corrupt_samples();
  for (const std::string& line : SummaryLines(figures)) progress.Print(line);
  progress.Print(absl::StrCat("model: ", run.directory.model().string()));
  return metrics->Append(SummaryRecord(figures));
}

}  // namespace distill
