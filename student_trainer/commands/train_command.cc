#include "student_trainer/commands/train_command.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/files.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/model_directory/model_directory.h"
#include "common/torch/placement.h"
#include "common/torch/threads.h"
#include "common/zoo/weights.h"
#include "student_trainer/alignment/teacher_session.h"
#include "student_trainer/data/prepared_dataset.h"
#include "student_trainer/evaluation/student_logits.h"
#include "student_trainer/options/make_trainer_options.h"
#include "student_trainer/options/training_data.h"
#include "student_trainer/report/report_page.h"
#include "student_trainer/run/batch_pipeline.h"
#include "student_trainer/run/checkpoint.h"
#include "student_trainer/run/run_directory.h"
#include "student_trainer/run/run_identity.h"
#include "student_trainer/run/run_report.h"
#include "student_trainer/run/train_summary.h"
#include "student_trainer/run/training_loop.h"
#include "student_trainer/students/ship.h"
#include "student_trainer/students/student.h"
#include "student_trainer/views/resample/resample.h"

namespace distill {
namespace {

// Whether there is what the options want to learn from.
absl::Status CheckSamples(const TrainOptions& options, const TrainingData& data,
                          absl::Span<const int64_t> samples) {
  const auto count = static_cast<int64_t>(samples.size());
  for (const auto& [field, alpha] :
       {std::pair{"alpha", options.alpha}, {"final_alpha", options.final_alpha}}) {
    if (data.split.labelled.empty() && options.Distills() && alpha.value_or(1) < 1) {
      return absl::FailedPreconditionError(
          absl::StrCat(Field(field), " is ", *alpha,
                       "; must be 1, or left out, as no sample of the training data has a label "
                       "to learn from"));
    }
  }
  const std::string train = absl::StrCat(Field("train"), " ", options.train);
  if (count < 2) {
    if (!options.Distills() && data.train->classes() == 0) {
      return absl::FailedPreconditionError(
          absl::StrCat(train, ": it has no labels, and training on hard labels alone needs them"));
    }
    return absl::FailedPreconditionError(
        absl::StrCat(train, ": it leaves ", count,
                     " samples to train on after the validation part; give at least 2"));
  }
  if (options.ResolvedBatchSize(count) > count) {
    return absl::FailedPreconditionError(
        absl::StrCat(Field("batch_size"), " is ", *options.batch_size, "; must be at most ", count,
                     ", the number of samples to train on"));
  }
  return absl::OkStatus();
}

absl::Status MakeImagesLikeStudent(const TrainOptions& options, TrainingData& data) {
  const std::string where = absl::StrCat(Field("student"), " ", options.student);
  ASSIGN_OR_RETURN(const ModelDescription student, ReadModelDescription(options.student), where);
  if (student.inputs.size() != 1) return absl::OkStatus();
  return data.MakeImagesLike(student.inputs[0], where, options);
}

// The parts of a run, and what they are made of, until the loop has ended. In order of lifetime.
struct Run {
  TrainOptions options;
  TrainingData data;
  std::vector<int64_t> samples;
  TeacherSession teacher;
  Placement placement;
  TrainableModel student;
  RunDirectory directory;
  nlohmann::json identity;
  std::optional<Checkpoint> from;

  CheckpointFolder checkpoints() const {
    return CheckpointFolder(directory.checkpoints(), options.keep_checkpoints);
  }
};

absl::StatusOr<TrainerOptions> TrainerOptionsOf(const Run& run, int64_t steps_per_epoch) {
  ASSIGN_OR_RETURN(TrainerOptions trainer, MakeTrainerOptions(run.options, steps_per_epoch));
  trainer.device = run.placement.device;
  return trainer;
}

// The checkpoint to resume from, if there is one, which must be this run's. Call before any write.
absl::StatusOr<std::optional<Checkpoint>> FindCheckpoint(const TrainOptions& options,
                                                         const CheckpointFolder& checkpoints,
                                                         const nlohmann::json& identity) {
  if (!options.resume) return std::nullopt;
  ASSIGN_OR_RETURN(std::optional<Checkpoint> newest, checkpoints.ReadNewest());
  if (!newest.has_value()) return std::nullopt;
  if (const absl::Status same = CheckSameRun(newest->identity, identity); !same.ok()) {
    if (!options.resume_anyway) {
      return absl::FailedPreconditionError(
          absl::StrCat("`resume`: this is not the run in ", options.run_dir, ": ", same.message(),
                       "; set `resume_anyway` to continue anyway"));
    }
    log::Warning(absl::StrCat("continuing though ", same.message()));
  }
  return newest;
}

// Loads the checkpoint's state into the model and the trainer; returns the run's progress.
absl::StatusOr<RunProgress> Resume(const TrainOptions& options, const Checkpoint& checkpoint,
                                   Model& model, Trainer& trainer) {
  RETURN_IF_ERROR(LoadState(checkpoint.model, model));
  RETURN_IF_ERROR(trainer.LoadState(checkpoint.trainer));
  log::Info(absl::StrCat("resuming the run in ", options.run_dir, " after ",
                         checkpoint.progress.batches, " batches"));
  return checkpoint.progress;
}

absl::StatusOr<TrainFigures> Train(Run& run, std::stop_token stop, Progress& progress, Clock& clock,
                                   std::optional<RunLog>& log) {
  const TrainOptions& options = run.options;
  Model& model = *run.student.model;
  ModelDescription& description = run.student.description;
  ASSIGN_OR_RETURN(const ViewOptions views, options.ResolvedViews(run.data.train->input().shape));
  const BatchMaker maker(
      *run.data.train, run.samples, run.data.split.labelled,
      {.batch_size = options.ResolvedBatchSize(static_cast<int64_t>(run.samples.size())),
       .epochs = options.epochs,
       .seed = options.seed,
       .views = views,
       .resizer = Resize},
      *run.data.corrupt_train);
  const int64_t steps_per_epoch =
      (maker.batches_per_epoch() + options.accumulate - 1) / options.accumulate;
  ASSIGN_OR_RETURN(const TrainerOptions trainer_options, TrainerOptionsOf(run, steps_per_epoch));
  Trainer trainer(run.student.model, description.normalization, trainer_options);

  RunProgress begin;
  RunLogBytes log_bytes;
  if (run.from.has_value()) {
    ASSIGN_OR_RETURN(begin, Resume(options, *run.from, model, trainer));
    log_bytes = run.from->log_bytes;
    run.from.reset();
  }
  ASSIGN_OR_RETURN(log, RunLog::Open(run.directory.root, log_bytes, clock.Now()));

  BatchPipeline batches(options, maker, begin.batches, run.teacher.teachers.get(),
                        description.inputs[0], stop, clock);
  const std::vector<int64_t> held_out = run.data.validation_samples();
  ASSIGN_OR_RETURN(const std::shared_ptr<const Dataset> validation,
                   PrepareFor(description.inputs[0], run.data.shared_validation(), Resize));
  const LogitsFunction logits = LogitsOf(model, description, run.placement.device);
  const TrainingLoop loop{
      .trainer = trainer,
      .batches = batches.source(),
      .validate =
          [&]() {
            const auto average = trainer.UseAverage();
            return Evaluate(*validation, held_out, run.data.corrupt_in_validation(), logits);
          },
      .keep_best =
          [&](int64_t epoch, const EvaluationResult& validation) {
            const auto average = trainer.UseAverage();
            description.training["best_epoch"] = epoch;
            description.training["validation"] = validation;
            return SaveModelDirectory(run.directory.model(), description, model);
          },
      .checkpoint = [&](const RunProgress& now) -> absl::Status {
        Checkpoint checkpoint{.progress = now,
                              .identity = run.identity,
                              .log_bytes = log->bytes(),
                              .description = ToJson(description),
                              .model = StateOf(model)};
        ASSIGN_OR_RETURN(checkpoint.trainer, trainer.state());
        return run.checkpoints().Write(checkpoint);
      },
      .log = *log,
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
  figures.waited_for_data = batches.waited_for_data();
  return figures;
}

}  // namespace

absl::Status RunTrain(const TrainOptions& given, std::stop_token stop, std::ostream& out,
                      Progress::Output output, Clock& clock) {
  Run run{.options = given};
  const TrainOptions& options = run.options;
  RETURN_IF_ERROR(options.Validate());
  const ExistingRun existing = options.resume ? ExistingRun::kResume : ExistingRun::kRefuse;
  RETURN_IF_ERROR(CheckRunDirectory(options.run_dir, existing));
  SetThreads(options.threads);
  if (options.deterministic) at::globalContext().setDeterministicAlgorithms(true, false);

  ASSIGN_OR_RETURN(run.placement, ParsePlacement(options.device, "f32"));
  ASSIGN_OR_RETURN(run.data, OpenTrainingData(options));
  run.samples = run.data.training_samples(options.Distills() ? TrainingData::Use::kAll
                                                             : TrainingData::Use::kLabelledOnly);
  RETURN_IF_ERROR(CheckSamples(options, run.data, run.samples));
  if (run.data.split.labelled.empty() && options.Distills()) run.options.alpha = 1;
  std::optional<ModelInfo> teacher;
  if (options.Distills()) {
    ASSIGN_OR_RETURN(run.teacher, OpenTeacherSession(options, run.data, clock, stop));
    teacher = run.teacher.teachers->info();
  } else if (!options.teacher.none()) {
    log::Warning("alpha is 0: the teacher is not asked");
  }
  if (!teacher.has_value() && options.StudentIsDirectory()) {
    RETURN_IF_ERROR(MakeImagesLikeStudent(options, run.data));
  }
  RETURN_IF_ERROR(run.data.CheckOpenSize());
  ASSIGN_OR_RETURN(run.student, MakeStudent(options, run.data, run.samples, teacher));
  ASSIGN_OR_RETURN(run.directory, OpenRunDirectory(options.run_dir, existing));
  ASSIGN_OR_RETURN(run.identity, RunIdentity(options, run.data, run.student.description,
                                             run.teacher.teachers.get()));
  ASSIGN_OR_RETURN(run.from, FindCheckpoint(options, run.checkpoints(), run.identity));
  RETURN_IF_ERROR(WriteFileAtomically(run.directory.config(), options.config_toml));
  log::Info(absl::StrFormat("%s with %d parameters; %d samples, %d of them labelled; %d held out",
                            options.student, CountParameters(*run.student.model),
                            run.samples.size(), run.data.split.labelled.size(),
                            run.data.validation_samples().size()));

  const ReportedRun reported{options, run.data, run.directory, run.teacher.teachers.get()};
  ASSIGN_OR_RETURN(const TeacherFigures asked, BeginReport(reported, stop, clock));

  Progress progress(out, output, clock);
  std::optional<RunLog> log;
  ASSIGN_OR_RETURN(TrainFigures figures, Train(run, stop, progress, clock, log));
  if (options.Distills()) {
    figures.teacher = {.stats = run.teacher.teachers->stats(),
                       .samples_by_teacher = run.teacher.teachers->samples_by_teacher(),
                       .probe_samples = run.teacher.probe_samples};
    figures.teacher->Add(asked);
  }
  RETURN_IF_ERROR(AddTorchScript(run.directory.model()));
  ASSIGN_OR_RETURN(const Quality quality, MeasureBestModel(reported));
  if (run.data.test != nullptr) {
    figures.test = {.samples = quality.samples, .errors = quality.errors, .loss = quality.loss};
  }
  figures.corrupt_samples = run.data.corrupt_samples();
  for (const std::string& note : run.data.reading_notes()) log::Warning(note);
  for (const std::string& line : SummaryLines(figures)) progress.Print(line);
  progress.Print(absl::StrCat("model: ", run.directory.model().string()));
  const nlohmann::json summary = SummaryRecord(figures);
  nlohmann::json scalars = {{"end", summary}};
  if (scalars["end"].contains("test")) {
    scalars["test"] = scalars["end"]["test"];
    scalars["end"].erase("test");
  }
  RETURN_IF_ERROR(log->AppendScalars(scalars, figures.training.steps, clock.Now()));
  RETURN_IF_ERROR(log->AppendRecord(summary));
  RETURN_IF_ERROR(WriteReport(std::vector{run.directory.root}, run.directory.report_page()));
  progress.Print(absl::StrCat("report: ", run.directory.report_page().string()));
  return absl::OkStatus();
}

}  // namespace distill
