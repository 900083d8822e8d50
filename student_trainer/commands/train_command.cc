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
#include "common/base/count.h"
#include "common/base/files.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/model_directory/model_directory.h"
#include "common/torch/placement.h"
#include "common/torch/threads.h"
#include "common/zoo/weights.h"
#include "student_trainer/alignment/alignment.h"
#include "student_trainer/alignment/teacher_session.h"
#include "student_trainer/commands/checkpoint_options.h"
#include "student_trainer/commands/train_flags.h"
#include "student_trainer/data/prepared_dataset.h"
#include "student_trainer/evaluation/student_logits.h"
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

// Fewer held-out samples tell epochs apart by one or two errors.
constexpr int64_t kFewHeldOut = 50;
// A run of fewer steps learns little.
constexpr int64_t kFewSteps = 100;

// Whether there is what the settings want to learn from.
absl::Status CheckSamples(const TrainSettings& settings, const TrainingData& data,
                          absl::Span<const int64_t> samples) {
  const auto count = static_cast<int64_t>(samples.size());
  for (const auto& [field, alpha] :
       {std::pair{"alpha", settings.loss.alpha}, {"final_alpha", settings.loss.final_alpha}}) {
    if (data.split.labelled.empty() && settings.Distills() && alpha.value_or(1) < 1) {
      return absl::FailedPreconditionError(
          absl::StrCat(Field(field), " is ", *alpha,
                       "; must be 1, or left out, as no sample of the training data has a label "
                       "to learn from"));
    }
  }
  const std::string train = absl::StrCat(Field("train"), " ", settings.data.train);
  if (count < 2) {
    if (!settings.Distills() && data.train->classes() == 0) {
      return absl::FailedPreconditionError(
          absl::StrCat(train, ": it has no labels, and training on hard labels alone needs them"));
    }
    return absl::FailedPreconditionError(
        absl::StrCat(train, ": it leaves ", Count(count, "sample"),
                     " to train on after the validation part; give at least 2"));
  }
  return absl::OkStatus();
}

absl::Status MakeImagesLikeStudent(const TrainSettings& settings, TrainingData& data) {
  const std::string where = absl::StrCat(Field("student"), " ", settings.student.student);
  ASSIGN_OR_RETURN(const ModelDescription student, ReadModelDescription(settings.student.student),
                   where);
  if (student.inputs.size() != 1) return absl::OkStatus();
  return data.MakeImagesLike(student.inputs[0], where);
}

// The parts of a run, and what they are made of, until the loop has ended. In order of lifetime.
struct Run {
  TrainSettings settings;
  TrainingData data;
  std::vector<int64_t> samples;
  TeacherSession teacher;
  Placement placement;
  TrainableModel student;
  RunDirectory directory;
  nlohmann::json identity;
  std::optional<Checkpoint> from;
  TeacherFigures asked_before;  // by this run's earlier processes, and for the report

  // Of all its processes.
  TeacherFigures teacher_figures() const {
    TeacherFigures figures = asked_before;
    if (teacher.teachers != nullptr) {
      figures.Add({.stats = teacher.teachers->stats(),
                   .samples_by_teacher = teacher.teachers->samples_by_teacher(),
                   .probe_samples = teacher.probe_samples});
    }
    return figures;
  }

  CheckpointFolder checkpoints() const {
    return CheckpointFolder(directory.checkpoints(), settings.run.keep_checkpoints);
  }
};

absl::StatusOr<TrainerOptions> TrainerOptionsOf(const Run& run, int64_t steps_per_epoch) {
  const TrainSettings& settings = run.settings;
  ASSIGN_OR_RETURN(
      TrainerOptions trainer,
      settings.step.For({.epochs = settings.run.epochs, .steps_per_epoch = steps_per_epoch},
                        settings.loss, settings.has_teacher()));
  trainer.device = run.placement.device;
  return trainer;
}

// What decides the values of the settings that depend on the data.
ResolvedFor ResolvedForRun(const Run& run) {
  return {.shape = run.data.train->input().shape,
          .samples = static_cast<int64_t>(run.samples.size())};
}

// Writes how the student is trained into its description, which config.json holds.
void Describe(const Run& run, const std::optional<ModelInfo>& teacher,
              ModelDescription& description) {
  const TrainSettings& settings = run.settings;
  const auto samples = static_cast<int64_t>(run.samples.size());
  description.training = {{"labelled", run.data.split.labelled.size()},
                          {"samples", samples},
                          {"epochs", settings.run.epochs},
                          {"batch_size", settings.run.ResolvedBatchSize(samples)},
                          {"lr", settings.step.ResolvedLr()},
                          {"alpha", settings.alpha()},
                          {"seed", settings.run.seed}};
  if (!teacher.has_value()) return;
  const DistillationChoice& loss = settings.loss;
  if (loss.HasTemperature()) description.training["temperature"] = loss.ResolvedTemperature();
  description.training["objective"] = loss.objective;
  if (!loss.objective_parameters.empty()) {
    description.training["objective_parameters"] = loss.objective_parameters;
  }
  if (loss.standardize_logits) description.training["standardize_logits"] = true;
  description.training["encoding"] = std::string(Name(settings.teacher.encoding));
  description.training["teacher_fingerprint"] = teacher->fingerprint;
}

ReportedChoices ChoicesOf(const TrainSettings& settings) {
  ReportedChoices choices{.student = settings.student.student,
                          .alpha = settings.alpha(),
                          .objective = settings.loss.objective,
                          .access = settings.teacher.access,
                          .split_seed = settings.data.split.split_seed,
                          .resume = settings.run.resume};
  if (settings.loss.HasTemperature()) choices.temperature = settings.loss.ResolvedTemperature();
  return choices;
}

// How the rows that the run learns from lie on its samples.
LogitRows RowsOf(const Run& run) {
  const Dataset& data = *run.data.train;
  if (run.teacher.teachers != nullptr) return RowsOn(run.teacher.teachers->info(), data);
  if (!data.labels_by_position()) return {};
  return {.by_position = true, .per_sample = static_cast<int64_t>(data.Labels(0).size())};
}

// What the description of a checkpoint's model holds of its training; an object.
nlohmann::json TrainingOf(const Checkpoint& checkpoint) {
  const nlohmann::json description =
      nlohmann::json::parse(checkpoint.description, nullptr, /*allow_exceptions=*/false);
  if (!description.is_object() || !description.contains("training"))
    return nlohmann::json::object();
  return description["training"];
}

// The checkpoint to resume from, if there is one, must be this run's. Call before any write.
absl::Status CheckCheckpoint(const Run& run) {
  if (!run.from.has_value()) return absl::OkStatus();
  const TrainSettings& settings = run.settings;
  ASSIGN_OR_RETURN(const nlohmann::json was, WithDefaults(run.from->identity, TrainingOf(*run.from),
                                                          settings, ResolvedForRun(run)));
  if (const absl::Status same = CheckSameRun(was, run.identity); !same.ok()) {
    if (!settings.run.resume_anyway) {
      return absl::FailedPreconditionError(
          absl::StrCat("`resume`: this is not the run in ", settings.run.run_dir, ": ",
                       same.message(), "; set `resume_anyway` to continue anyway"));
    }
    log::Warning(absl::StrCat("continuing though ", same.message()));
    if (was.value("data", "") != run.identity.value("data", "")) {
      log::Warning(
          "the data have changed, and are split again: samples that were trained on may be held "
          "out now, so the errors of the epochs before do not compare with those to come");
    }
  }
  return absl::OkStatus();
}

// What the run began with is kept where it is left out now, whatever today's defaults are.
void TakeResolved(const Checkpoint& checkpoint, TrainSettings& settings) {
  const nlohmann::json training = TrainingOf(checkpoint);
  const auto take = [&training](const char* key, auto& field) {
    if (field.has_value() || !training.contains(key) || !training[key].is_number()) return;
    field = training[key].get<typename std::decay_t<decltype(field)>::value_type>();
  };
  take("batch_size", settings.run.batch_size);
  take("lr", settings.step.lr);
}

int64_t StepsPerEpoch(const TrainSettings& settings, int64_t batches_per_epoch) {
  return (batches_per_epoch + settings.step.accumulate - 1) / settings.step.accumulate;
}

// Loads the checkpoint's state into the model and the trainer; returns the run's progress.
absl::StatusOr<RunProgress> Resume(const TrainSettings& settings, const Checkpoint& checkpoint,
                                   int64_t batches_per_epoch, Model& model, Trainer& trainer) {
  RETURN_IF_ERROR(LoadState(checkpoint.model, model));
  RETURN_IF_ERROR(trainer.LoadState(checkpoint.trainer));
  std::string change;
  const RunProgress progress = ResumeAt(checkpoint.progress, batches_per_epoch, &change);
  if (!change.empty()) {
    trainer.SetSchedulePosition(progress.epochs * StepsPerEpoch(settings, batches_per_epoch) +
                                progress.epoch_batches / settings.step.accumulate);
  }
  std::string line = absl::StrCat("resuming the run in ", settings.run.run_dir, " after ",
                                  progress.batches, " batches");
  if (progress.epochs < settings.run.epochs) {
    absl::StrAppend(&line, ", ", progress.epoch_batches, " of them in epoch ", progress.epochs + 1,
                    "; the learning rate is ", absl::StrFormat("%.4g", trainer.learning_rate()));
  }
  log::Info(line);
  if (!change.empty()) log::Warning(change);
  if (progress.epochs >= settings.run.epochs) {
    log::Warning(absl::StrCat("the run has ended epoch ", progress.epochs, ", and `epochs` is ",
                              settings.run.epochs, ": nothing is trained"));
  }
  return progress;
}

absl::StatusOr<TrainFigures> Train(Run& run, std::stop_token stop, Progress& progress, Clock& clock,
                                   std::optional<RunLog>& log) {
  const TrainSettings& settings = run.settings;
  Model& model = *run.student.model;
  ModelDescription& description = run.student.description;
  ASSIGN_OR_RETURN(const ViewOptions views, settings.views.Resolve(run.data.train->input().shape));
  const LogitRows rows = RowsOf(run);
  const BatchMaker maker(
      *run.data.train, run.samples, run.data.split.labelled,
      {.batch_size = settings.run.ResolvedBatchSize(static_cast<int64_t>(run.samples.size())),
       .epochs = settings.run.epochs,
       .seed = settings.run.seed,
       .views = views,
       .resizer = Resize,
       .rows_by_position = rows.by_position,
       .positions = rows.per_sample},
      *run.data.corrupt_train);
  const int64_t steps_per_epoch = StepsPerEpoch(settings, maker.batches_per_epoch());
  const int64_t batch_size =
      settings.run.ResolvedBatchSize(static_cast<int64_t>(run.samples.size()));
  log::Info(absl::StrCat(Count(steps_per_epoch, "step"), " per epoch, in batches of ", batch_size));
  if (settings.run.epochs * steps_per_epoch < kFewSteps) {
    log::Warning(absl::StrCat("the run has only ",
                              Count(settings.run.epochs * steps_per_epoch, "step"),
                              "; more come from more `epochs` or a smaller `batch_size`"));
  }
  ASSIGN_OR_RETURN(const TrainerOptions trainer_options, TrainerOptionsOf(run, steps_per_epoch));
  Trainer trainer(run.student.model, description, trainer_options);

  RunProgress begin;
  std::optional<LogPlace> place;
  if (run.from.has_value()) {
    ASSIGN_OR_RETURN(begin, Resume(settings, *run.from, maker.batches_per_epoch(), model, trainer));
    place = {.metrics_bytes = run.from->metrics_bytes, .step = trainer.steps()};
    run.from.reset();
  }
  ASSIGN_OR_RETURN(log, RunLog::Open(run.directory.root, place, clock.Now()));

  const int64_t first_batch = begin.epochs * maker.batches_per_epoch() + begin.epoch_batches;
  BatchInputs inputs{.student_specs = description.inputs};
  ASSIGN_OR_RETURN(inputs.student, MatchInputs(description.inputs, run.data.train->inputs()));
  PrefetcherOptions prefetcher{
      .temperature = static_cast<float>(settings.loss.ResolvedTemperature()),
      .run_seed = settings.run.seed,
      .policy = settings.teacher.on_loss,
      .rows_per_sample = rows.per_sample};
  if (run.teacher.teachers != nullptr) {
    ASSIGN_OR_RETURN(prefetcher.inputs,
                     MatchInputs(run.teacher.teachers->info().inputs, run.data.train->inputs()));
  }
  BatchPipeline batches(maker, {.threads = settings.loader_threads, .first_batch = first_batch},
                        run.teacher.teachers.get(), prefetcher, inputs, stop, clock);
  const std::vector<int64_t> held_out = run.data.validation_samples();
  ASSIGN_OR_RETURN(const std::shared_ptr<const Dataset> validation,
                   PrepareFor(description.inputs, run.data.shared_validation(), Resize));
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
            description.training["best_epoch"] = epoch + 1;
            description.training["validation"] = validation;
            return SaveModelDirectory(run.directory.model(), description, model);
          },
      .checkpoint = [&](const RunProgress& now) -> absl::Status {
        Checkpoint checkpoint{.progress = now,
                              .identity = run.identity,
                              .teacher = ToJson(run.teacher_figures()),
                              .metrics_bytes = log->metrics_bytes(),
                              .description = ToJson(description),
                              .model = StateOf(model)};
        ASSIGN_OR_RETURN(checkpoint.trainer, trainer.state());
        return run.checkpoints().Write(checkpoint);
      },
      .waited_for_data = [&batches] { return batches.waited_for_data(); },
      .log = *log,
      .progress = progress,
      .clock = clock,
      .epochs = settings.run.epochs,
      .batches_per_epoch = maker.batches_per_epoch(),
      .validate_every = settings.run.validate_every,
      .checkpoint_every = settings.run.checkpoint_every,
      .accumulate = settings.step.accumulate,
      .has_teacher = settings.Distills(),
      .begin = begin};
  TrainFigures figures;
  ASSIGN_OR_RETURN(figures.training, RunTrainingLoop(loop, stop));
  return figures;
}

}  // namespace

absl::Status RunTrain(const TrainSettings& given, std::stop_token stop, std::ostream& out,
                      Progress::Output output, Clock& clock) {
  Run run{.settings = given};
  const TrainSettings& settings = run.settings;
  RETURN_IF_ERROR(settings.Validate());
  run.settings.run.resume |= settings.run.resume_anyway;
  const ExistingRun existing = settings.run.resume ? ExistingRun::kResume : ExistingRun::kRefuse;
  RETURN_IF_ERROR(CheckRunDirectory(settings.run.run_dir, existing));
  SetThreads(settings.run.threads);
  if (settings.run.deterministic) at::globalContext().setDeterministicAlgorithms(true, false);

  ASSIGN_OR_RETURN(run.placement, ParsePlacement(settings.run.device, "f32"));
  ASSIGN_OR_RETURN(run.data, OpenTrainingData(settings.data));
  run.samples = run.data.training_samples(settings.Distills() ? TrainingData::Use::kAll
                                                              : TrainingData::Use::kLabelledOnly);
  RETURN_IF_ERROR(CheckSamples(settings, run.data, run.samples));
  if (run.data.split.labelled.empty() && settings.Distills()) run.settings.loss.alpha = 1;
  std::optional<ModelInfo> teacher;
  if (settings.Distills()) {
    TeacherUse use{.seed = settings.run.seed, .deterministic = settings.run.deterministic};
    ASSIGN_OR_RETURN(use.objective, settings.loss.ResolvedObjective());
    ASSIGN_OR_RETURN(run.teacher, OpenTeacherSession(settings.teacher, use, run.data, clock, stop));
    teacher = run.teacher.teachers->info();
  } else if (!settings.teacher.access.none()) {
    log::Warning("alpha is 0: the teacher is not asked");
  }
  if (!teacher.has_value() && settings.student.IsDirectory()) {
    RETURN_IF_ERROR(MakeImagesLikeStudent(settings, run.data));
  }
  RETURN_IF_ERROR(run.data.CheckOpenSize());
  ASSIGN_OR_RETURN(run.student, MakeStudent(settings.student, run.data, run.samples, teacher,
                                            settings.run.seed));
  Describe(run, teacher, run.student.description);
  ASSIGN_OR_RETURN(run.directory, OpenRunDirectory(settings.run.run_dir, existing));
  if (settings.run.resume) {
    ASSIGN_OR_RETURN(run.from, run.checkpoints().ReadNewest());
  }
  if (run.from.has_value()) {
    TakeResolved(*run.from, run.settings);
    run.asked_before = TeacherFiguresFromJson(run.from->teacher);
    // The weights were trained on inputs normalised so, wherever that was taken from.
    ASSIGN_OR_RETURN(const ModelDescription before, ParseModelDescription(run.from->description),
                     settings.run.run_dir, ": the newest checkpoint");
    run.student.description.normalization = before.normalization;
    Describe(run, teacher, run.student.description);
  }
  ASSIGN_OR_RETURN(const nlohmann::json deciding, DecidingOptions(settings, ResolvedForRun(run)));
  ASSIGN_OR_RETURN(run.identity, RunIdentity(deciding, settings.run.deterministic, run.data,
                                             run.student.description, run.teacher.teachers.get()));
  RETURN_IF_ERROR(CheckCheckpoint(run));
  RETURN_IF_ERROR(WriteFileAtomically(run.directory.config(), settings.config_toml));
  const auto held_out = static_cast<int64_t>(run.data.validation_samples().size());
  log::Info(absl::StrFormat("%s with %d parameters; %d samples, %d of them labelled; %d held out",
                            settings.student.student, CountParameters(*run.student.model),
                            run.samples.size(), run.data.split.labelled.size(), held_out));
  if (held_out > 0 && held_out < kFewHeldOut) {
    log::Warning(absl::StrCat(
        "only ", Count(held_out, "sample"), held_out == 1 ? " is" : " are",
        " held out, which choose the best epoch by few errors; give more as `val` or `val_count`"));
  }

  const ReportedChoices choices = ChoicesOf(settings);
  const ReportedRun reported{choices, run.data, run.directory, run.teacher.teachers.get()};
  ASSIGN_OR_RETURN(const TeacherFigures asked, BeginReport(reported, stop, clock));
  run.asked_before.Add(asked);

  Progress progress(out, output, clock);
  std::optional<RunLog> log;
  ASSIGN_OR_RETURN(TrainFigures figures, Train(run, stop, progress, clock, log));
  if (settings.Distills()) {
    figures.teacher = run.teacher_figures();
  }
  RETURN_IF_ERROR(AddTorchScript(run.directory.model()));
  absl::StatusOr<Quality> measured = MeasureBestModel(reported);
  if (absl::IsDataLoss(measured.status()) &&
      absl::StrContains(measured.status().message(), "`max_corrupt`")) {
    return absl::DataLossError(absl::StrCat(measured.status().message(),
                                            "; the model is trained: with `resume` the run ends "
                                            "once the file is repaired, or is skipped "
                                            "by `max_corrupt`"));
  }
  RETURN_IF_ERROR(measured.status());
  const Quality& quality = *measured;
  if (run.data.test != nullptr) {
    figures.test = {.samples = quality.samples, .errors = quality.errors, .loss = quality.loss};
    if (run.data.test->labels_by_position()) {
      figures.test->samples = run.data.test->size();
      figures.test->positions = quality.samples;
    }
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
