#include "student_trainer/train/train_command.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/base/units.h"
#include "common/models/loaded_model.h"
#include "common/models/registry.h"
#include "common/models/threads.h"
#include "common/models/torch_errors.h"
#include "common/models/weights.h"
#include "student_trainer/client/prefetcher.h"
#include "student_trainer/data/batch_loader.h"
#include "student_trainer/data/normalization.h"
#include "student_trainer/data/sampler.h"
#include "student_trainer/train/run_directory.h"
#include "student_trainer/train/teacher_session.h"
#include "student_trainer/train/training_data.h"
#include "student_trainer/train/training_loop.h"

namespace distill {
namespace {

// Batches for training on hard labels alone.
class HardLabelSource : public TargetedBatchSource {
 public:
  explicit HardLabelSource(BatchSource& batches) : batches_(batches) {}

  absl::StatusOr<std::optional<TargetedBatch>> Next() override {
    ASSIGN_OR_RETURN(std::optional<TrainingBatch> batch, batches_.Next());
    if (!batch.has_value()) return std::nullopt;
    return TargetedBatch{.batch = *std::move(batch)};
  }
  absl::Duration waited() const override { return absl::ZeroDuration(); }

 private:
  BatchSource& batches_;
};

struct Student {
  std::shared_ptr<Model> model;
  ModelDescription description;
};

absl::StatusOr<Student> MakeStudent(const TrainOptions& options, const TrainingData& data,
                                    absl::Span<const int64_t> samples,
                                    const std::optional<ModelInfo>& teacher) {
  const Dataset& train = *data.train;
  const int64_t classes = teacher.has_value() ? teacher->classes : train.classes();
  ASSIGN_OR_RETURN(Architecture architecture,
                   ArchitectureOf(options.student, train.input().shape, classes));
  if (!options.student_arguments.empty()) {
    architecture.arguments.update(nlohmann::json::parse(options.student_arguments));
  }
  torch::manual_seed(options.seed);
  Student student;
  ASSIGN_OR_RETURN(student.model, CreateModel(architecture));
  ModelDescription& description = student.description;
  description.architecture = architecture.name;
  description.arguments = architecture.arguments;
  description.inputs = {train.input()};
  ASSIGN_OR_RETURN(description.normalization, MeasureNormalization(train, samples));
  description.class_names = train.class_names();
  if (description.class_names.empty() && teacher.has_value()) {
    description.class_names = teacher->class_names;
  }
  description.training = {{"labelled", data.split.labelled.size()},
                          {"samples", samples.size()},
                          {"epochs", options.epochs},
                          {"batch_size", options.batch_size},
                          {"lr", options.lr},
                          {"alpha", options.ResolvedAlpha()},
                          {"seed", options.seed}};
  if (teacher.has_value()) {
    description.training["temperature"] = options.temperature;
    description.training["objective"] = options.objective;
    description.training["encoding"] = std::string(Name(options.encoding));
    description.training["teacher_fingerprint"] = teacher->fingerprint;
  }
  return student;
}

absl::Status CheckEnoughSamples(const TrainOptions& options, const TrainingData& data,
                                absl::Span<const int64_t> samples) {
  if (samples.size() >= 2) return absl::OkStatus();
  if (!options.Distills() && data.train->classes() == 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "--train ", options.train, " has no labels: training on hard labels alone needs them"));
  }
  return absl::FailedPreconditionError(
      absl::StrCat("--train ", options.train, " leaves ", samples.size(),
                   " samples to train on after the validation part; at least 2 are needed"));
}

TrainerOptions MakeTrainerOptions(const TrainOptions& options, int64_t steps_per_epoch) {
  return {.loss = {.alpha = options.ResolvedAlpha(),
                   .temperature = options.temperature,
                   .objective = *FindObjective(options.objective)},
          .optimizer = {.weight_decay = options.weight_decay, .momentum = options.momentum},
          .schedule = {.peak = options.lr,
                       .warmup_steps = static_cast<int64_t>(std::llround(
                           options.warmup_epochs * static_cast<double>(steps_per_epoch))),
                       .total_steps = options.epochs * steps_per_epoch}};
}

LogitsFunction LogitsOf(Model& model, const Normalization& normalization) {
  return [&model, &normalization](const at::Tensor& inputs) -> absl::StatusOr<at::Tensor> {
    at::Tensor logits;
    const absl::Status ran = CatchTorch([&] {
      model.eval();
      logits = model.Forward(Normalize(inputs, normalization));
    });
    if (!ran.ok()) {
      return absl::InternalError(absl::StrCat("the student failed: ", ran.message()));
    }
    return logits;
  };
}

nlohmann::json ToJson(const EvaluationResult& result) {
  return {{"samples", result.samples}, {"errors", result.errors}, {"accuracy", result.accuracy()}};
}

// What a run without a teacher lacks.
struct TeacherFigures {
  ClientStats stats;
  std::map<std::string, int64_t> samples_by_teacher;
  int64_t probe_samples = 0;
};

void PrintSummary(const TrainingSummary& summary, const std::optional<EvaluationResult>& test,
                  const std::optional<TeacherFigures>& teacher, const RunDirectory& run,
                  Progress& progress) {
  const EvaluationResult& validation = summary.best_validation;
  std::string line =
      absl::StrFormat("done: %d steps on %d samples in %s", summary.steps, summary.samples,
                      absl::FormatDuration(absl::Trunc(summary.elapsed, absl::Seconds(1))));
  if (validation.samples > 0) {
    absl::StrAppendFormat(&line, "; best epoch %d, validation errors %d of %d",
                          summary.best_epoch + 1, validation.errors, validation.samples);
  }
  if (test.has_value()) {
    absl::StrAppendFormat(&line, "; test errors %d of %d (accuracy %.2f%%)", test->errors,
                          test->samples, 100 * test->accuracy());
  }
  progress.Print(line);
  if (teacher.has_value()) {
    progress.Print(absl::StrFormat(
        "teacher: soft targets for %d training and %d probe samples; %s sent, %s received; "
        "%.1f%% of the time spent waiting; %d reconnects; %d samples had no soft targets (%.2f%%)",
        summary.samples_with_targets, teacher->probe_samples,
        FormatBytes(teacher->stats.bytes_sent), FormatBytes(teacher->stats.bytes_received),
        100 * absl::FDivDuration(summary.waited, summary.elapsed), teacher->stats.reconnects,
        summary.samples_without_targets,
        100.0 * static_cast<double>(summary.samples_without_targets) /
            static_cast<double>(std::max<int64_t>(
                1, summary.samples_with_targets + summary.samples_without_targets))));
    if (teacher->samples_by_teacher.size() > 1) {
      progress.Print(
          absl::StrCat("teachers, by the samples that they answered: ",
                       absl::StrJoin(teacher->samples_by_teacher, ", ", absl::PairFormatter(" "))));
    }
  }
  progress.Print(absl::StrCat("model: ", run.model().string()));
}

nlohmann::json SummaryRecord(const TrainingSummary& summary,
                             const std::optional<EvaluationResult>& test,
                             const std::optional<TeacherFigures>& teacher) {
  nlohmann::json record = {{"kind", "end"},
                           {"steps", summary.steps},
                           {"samples", summary.samples},
                           {"best_epoch", summary.best_epoch},
                           {"validation", ToJson(summary.best_validation)},
                           {"seconds", absl::ToDoubleSeconds(summary.elapsed)},
                           {"seconds_waiting", absl::ToDoubleSeconds(summary.waited)},
                           {"samples_with_targets", summary.samples_with_targets},
                           {"samples_without_targets", summary.samples_without_targets}};
  if (test.has_value()) record["test"] = ToJson(*test);
  if (teacher.has_value()) {
    record["probe_samples"] = teacher->probe_samples;
    record["samples_answered"] = teacher->stats.samples_answered;
    record["bytes_sent"] = teacher->stats.bytes_sent;
    record["bytes_received"] = teacher->stats.bytes_received;
    record["reconnects"] = teacher->stats.reconnects;
    record["teachers"] = teacher->samples_by_teacher;
  }
  return record;
}

}  // namespace

absl::Status RunTrain(const TrainOptions& options, std::stop_token stop, std::ostream& out,
                      Progress::Output output, Clock& clock) {
  RETURN_IF_ERROR(options.Validate());
  RETURN_IF_ERROR(CheckRunDirectoryIsFree(options.run_dir));
  SetThreads(options.threads);
  ASSIGN_OR_RETURN(const TrainingData data, OpenTrainingData(options));
  const std::vector<int64_t> samples = data.training_samples(
      options.Distills() ? TrainingData::Use::kAll : TrainingData::Use::kLabelledOnly);
  RETURN_IF_ERROR(CheckEnoughSamples(options, data, samples));

  TeacherSession teacher;
  std::optional<ModelInfo> teacher_info;
  if (options.Distills()) {
    ASSIGN_OR_RETURN(teacher, OpenTeacherSession(options, data, clock, stop));
    teacher_info = teacher.teachers->info();
  } else if (!options.teachers.empty()) {
    log::Warning("--alpha is 0: the teacher is not asked");
  }
  ASSIGN_OR_RETURN(Student student, MakeStudent(options, data, samples, teacher_info));
  ASSIGN_OR_RETURN(const RunDirectory run,
                   CreateRunDirectory(options.run_dir, options.config_toml));
  ASSIGN_OR_RETURN(MetricsLog metrics, MetricsLog::Create(run.metrics()));
  log::Info(absl::StrFormat("%s with %d parameters; %d samples, %d of them labelled; %d held out",
                            options.student, CountParameters(*student.model), samples.size(),
                            data.split.labelled.size(), data.validation_samples().size()));

  BatchLoader loader(*data.train, samples, data.split.labelled,
                     {.batch_size = options.batch_size,
                      .epochs = options.epochs,
                      .seed = options.seed,
                      .views = options.views});
  std::unique_ptr<TargetedBatchSource> batches;
  std::optional<std::stop_callback<std::function<void()>>> stop_prefetching;
  if (options.Distills()) {
    auto prefetcher = std::make_unique<Prefetcher>(
        *teacher.teachers, loader,
        PrefetcherOptions{.temperature = static_cast<float>(options.temperature),
                          .run_seed = options.seed,
                          .policy = options.on_teacher_loss},
        clock);
    stop_prefetching.emplace(stop, [raw = prefetcher.get()] { raw->Stop(); });
    batches = std::move(prefetcher);
  } else {
    batches = std::make_unique<HardLabelSource>(loader);
  }

  const int64_t steps_per_epoch = static_cast<int64_t>(
      BatchEnds(static_cast<int64_t>(samples.size()), options.batch_size).size());
  Trainer trainer(student.model, student.description.normalization,
                  MakeTrainerOptions(options, steps_per_epoch));
  Progress progress(out, output, clock);
  const LogitsFunction logits = LogitsOf(*student.model, student.description.normalization);
  const std::vector<int64_t> held_out = data.validation_samples();
  const TrainingLoop loop{.trainer = trainer,
                          .batches = *batches,
                          .validate = [&] { return Evaluate(data.validation(), held_out, logits); },
                          .keep_best =
                              [&](int64_t epoch, const EvaluationResult& validation) {
                                student.description.training["best_epoch"] = epoch;
                                student.description.training["validation"] = ToJson(validation);
                                return SaveModelDirectory(run.model(), student.description,
                                                          *student.model);
                              },
                          .metrics = metrics,
                          .progress = progress,
                          .clock = clock,
                          .epochs = options.epochs,
                          .steps_per_epoch = steps_per_epoch,
                          .validate_every = options.validate_every,
                          .has_teacher = options.Distills()};
  ASSIGN_OR_RETURN(const TrainingSummary summary, RunTrainingLoop(loop, stop));

  std::optional<TeacherFigures> figures;
  if (options.Distills()) {
    figures = {.stats = teacher.teachers->stats(),
               .samples_by_teacher = teacher.teachers->samples_by_teacher(),
               .probe_samples = teacher.probe_samples};
  }
  std::optional<EvaluationResult> test;
  if (data.test != nullptr) {
    ASSIGN_OR_RETURN(const std::unique_ptr<LoadedModel> best, LoadedModel::Load(run.model()));
    const auto logits = [&best](const at::Tensor& inputs) -> absl::StatusOr<at::Tensor> {
      ASSIGN_OR_RETURN(const at::Tensor own, best->Logits({inputs}));
      return own.flatten(0, -2);  // [rows, classes]
    };
    ASSIGN_OR_RETURN(test, Evaluate(*data.test, AllSamples(*data.test), logits));
  }
  PrintSummary(summary, test, figures, run, progress);
  return metrics.Append(SummaryRecord(summary, test, figures));
}

}  // namespace distill
