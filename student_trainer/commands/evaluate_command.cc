#include "student_trainer/commands/evaluate_command.h"

#include <torch/types.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/count.h"
#include "common/base/files.h"
#include "common/base/json_text.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/contract/class_order.h"
#include "common/inference/loaded_model.h"
#include "common/torch/host_tensors.h"
#include "common/torch/padding.h"
#include "common/torch/threads.h"
#include "student_trainer/alignment/alignment.h"
#include "student_trainer/alignment/teacher_logits.h"
#include "student_trainer/data/data_summary.h"
#include "student_trainer/data/formats/open_dataset.h"
#include "student_trainer/data/prepared_dataset.h"
#include "student_trainer/data/read_samples.h"
#include "student_trainer/evaluation/evaluation.h"
#include "student_trainer/evaluation/model_timing.h"
#include "student_trainer/evaluation/quality_meter.h"
#include "student_trainer/evaluation/student_logits.h"
#include "student_trainer/quality/comparison.h"
#include "student_trainer/quality/permutation.h"
#include "student_trainer/run/model_figures.h"
#include "student_trainer/views/resample/resample.h"

namespace distill {
namespace {

struct TestSet {
  std::shared_ptr<const Dataset> data;  // as it is stored; each model has it prepared for itself
  CorruptSamples& corrupt;
};

struct Evaluated {
  std::unique_ptr<LoadedModel> model;
  bool one_by_one;                      // it takes no other batch
  std::shared_ptr<const Dataset> data;  // prepared for the model
  QualityMeter meter;
};

// The test set as the model takes it.
absl::StatusOr<std::shared_ptr<const Dataset>> PrepareForModel(const LoadedModel& model,
                                                               const TestSet& test) {
  if (model.classes() == 0) return absl::FailedPreconditionError("it gives no logits");
  const bool by_position = test.data->labels_by_position();
  if (by_position != (model.rows_per_sample() != 1)) {
    return absl::FailedPreconditionError(
        by_position
            ? "it gives a row per sample, where the data have a label per position"
            : "it gives a row per position of a sequence, where the data have a label per sample");
  }
  if (model.classes() < test.data->classes()) {
    return absl::FailedPreconditionError(absl::StrCat("it knows ", Count(model.classes(), "class"),
                                                      ", the data has ", test.data->classes()));
  }
  ASSIGN_OR_RETURN(std::shared_ptr<const Dataset> prepared,
                   PrepareFor(model.description().inputs, test.data, Resize));
  const bool images = AreImages(test.data->input());
  if (prepared != test.data && images && test.data->images() == nullptr) {
    log::Info(absl::StrCat("images ", ToString(test.data->input().shape), " are made ",
                           ToString(prepared->input().shape), " ([channels, height, width])"));
  }
  return prepared;
}

absl::StatusOr<QualityMeter> Measure(const Dataset& prepared, CorruptSamples& corrupt,
                                     const LogitsFunction& logits) {
  return MeasureQuality(prepared, AllSamples(prepared), corrupt, logits);
}

absl::StatusOr<Evaluated> LoadAndEvaluate(const std::string& directory, const TestSet& test,
                                          const Placement& placement) {
  ASSIGN_OR_RETURN(std::unique_ptr<LoadedModel> model, LoadedModel::Load(directory, placement));
  ASSIGN_OR_RETURN(std::shared_ptr<const Dataset> data, PrepareForModel(*model, test), directory);
  ASSIGN_OR_RETURN(
      const auto order,
      ClassOrder(model->description().class_names, model->classes(), data->class_names()),
      directory);
  at::Tensor index;
  if (order != nullptr) index = torch::tensor(*order, torch::kInt64);
  const bool one_by_one = TakesOneSampleAlone(*model);
  if (one_by_one) {
    log::Info(absl::StrCat(directory,
                           ": the model takes one sample at a time, as a trace does that "
                           "holds the size of its batch"));
  }
  const LogitsFunction own_logits = LogitsOfLoaded(*model);
  ASSIGN_OR_RETURN(
      QualityMeter meter,
      Measure(*data, test.corrupt,
              [&](const std::vector<InputBatch>& inputs) -> absl::StatusOr<at::Tensor> {
                ASSIGN_OR_RETURN(const at::Tensor own, own_logits(inputs), directory,
                                 ": the model failed");
                return index.defined() ? own.index_select(1, index) : own;
              }));
  return Evaluated{std::move(model), one_by_one, std::move(data), std::move(meter)};
}

// What the teacher answers to the samples that the models were measured on, in their order.
absl::StatusOr<std::vector<int64_t>> AskTeacher(const TeacherAccess& access, const TestSet& test,
                                                const std::stop_token& stop, Clock& clock) {
  ASSIGN_OR_RETURN(const std::unique_ptr<TeacherPool> teachers,
                   ConnectForLogits(access, "student_trainer evaluate", test.data->class_names(),
                                    RaggedTermsOf(*test.data), clock, stop));
  const std::stop_callback stop_asking(stop, [&teachers] { teachers->Stop(); });
  const ModelInfo& teacher = teachers->info();
  ASSIGN_OR_RETURN(const std::shared_ptr<const Dataset> data,
                   PrepareFor(teacher.inputs, test.data, Resize),
                   "the teacher does not fit the data");
  RETURN_IF_ERROR(CheckTeacherFitsData(teacher, *data));
  RETURN_IF_ERROR(CheckLengthsFit(RaggedTermsOf(*data), teachers->limits()));
  const int64_t rows_per_sample = RowsOn(teacher, *data).per_sample;
  ASSIGN_OR_RETURN(const QualityMeter meter,
                   Measure(*data, test.corrupt, [&](const std::vector<InputBatch>& inputs) {
                     return FetchLogits(*teachers, {inputs}, rows_per_sample);
                   }));
  return meter.answers();
}

// So many copies of one sample, which is not padded.
TimedModel Repeated(const LoadedModel& model, const std::vector<InputBatch>& sample,
                    int64_t copies) {
  const int64_t length = LengthsOf(sample).front();
  TimedModel timed{.model = &model, .lengths = torch::full({copies}, length, torch::kInt64)};
  for (const at::Tensor& input :
       PadSamples(sample, {0}, length, model.description().pad_id.value_or(0))) {
    timed.batch.push_back(torch::cat(std::vector<at::Tensor>(static_cast<size_t>(copies), input)));
  }
  return timed;
}

// The samples that a model is timed on: the first ones; of samples with lengths, one of the median
// length again and again.
absl::StatusOr<TimedModel> TimedOf(const Evaluated& evaluated, const TestSet& test,
                                   absl::Span<const int64_t> samples) {
  const Dataset& data = *evaluated.data;
  const auto copies = static_cast<int64_t>(evaluated.one_by_one ? 1 : samples.size());
  const int64_t length = MedianLength(data, samples);
  if (length > 0) {
    const auto median = std::find_if(samples.begin(), samples.end(),
                                     [&](int64_t sample) { return data.Length(sample) == length; });
    ASSIGN_OR_RETURN(const ReadSamplesResult read, ReadSamples(data, {*median}, test.corrupt));
    if (!read.ids.empty()) return Repeated(*evaluated.model, read.inputs, copies);
  }
  ASSIGN_OR_RETURN(const ReadSamplesResult read,
                   ReadSamples(data, samples.first(static_cast<size_t>(copies)), test.corrupt));
  TimedModel timed{.model = evaluated.model.get()};
  for (const InputBatch& input : read.inputs) timed.batch.push_back(ToTorch(input.values).clone());
  return timed;
}

absl::StatusOr<std::vector<Timing>> TimeAll(const EvaluateOptions& options, const TestSet& test,
                                            const std::vector<Evaluated>& all) {
  std::vector<int64_t> samples = AllSamples(*test.data);
  samples.resize(std::min(samples.size(), static_cast<size_t>(options.batch_size)));
  if (const int64_t length = MedianLength(*test.data, samples); length > 0) {
    log::Info(absl::StrCat("models are timed on samples of ", Count(length, "position"),
                           ", the median; multiply-adds are of ", kExampleLength));
  }
  std::vector<TimedModel> timed;
  for (const Evaluated& evaluated : all) {
    ASSIGN_OR_RETURN(timed.emplace_back(), TimedOf(evaluated, test, samples));
  }
  return TimeInTurns(timed);
}

double ShareOfEqual(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
  int64_t equal = 0;
  for (size_t i = 0; i < a.size(); ++i) equal += a[i] == b[i];
  return static_cast<double>(equal) / static_cast<double>(a.size());
}

void WarnOfPermutation(const ModelFigures& model, absl::Span<const std::string> class_names) {
  const Quality& quality = model.quality;
  const std::vector<Confusion> permutation = FindPermutation(quality.classes, quality.confusions);
  if (permutation.empty()) return;
  log::Warning(absl::StrCat(model.model, ": it knows classes by another order: ",
                            DescribePermutation(permutation, quality.classes, class_names),
                            "; `class_names` sets the order of the data's"));
}

absl::StatusOr<std::unique_ptr<Dataset>> OpenTest(const EvaluateOptions& options) {
  DataOptions data{.path = options.test,
                   .role = DataRole::kTest,
                   .max_pixels = options.max_pixels,
                   .resizer = Resize};
  if (!options.class_names.empty()) {
    ASSIGN_OR_RETURN(data.class_names, ReadClassNames(options.class_names), Field("class_names"));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Dataset> test, OpenDataset(data));
  if (test->classes() == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("`test` ", options.test, ": it has no labels to compare with"));
  }
  const DataSummary summary = Summarize("test", *test);
  log::Info(summary.line);
  for (const std::string& warning : summary.warnings) log::Warning(warning);
  return test;
}

}  // namespace

absl::Status EvaluateOptions::Validate() const {
  if (models.empty()) return CheckGiven("models", "", "at least one model directory");
  RETURN_IF_ERROR(CheckGiven("test", test, "labelled data"));
  RETURN_IF_ERROR(CheckAtLeast("batch_size", batch_size, 1));
  RETURN_IF_ERROR(CheckAtLeast("threads", threads, 0, "one per core"));
  RETURN_IF_ERROR(CheckPlacement("cpu", dtype));
  RETURN_IF_ERROR(CheckAtLeast("max_pixels", max_pixels, 1));
  RETURN_IF_ERROR(CheckAtLeast("max_corrupt", max_corrupt, 0));
  return teacher.Validate();
}

absl::Status RunEvaluate(const EvaluateOptions& options, std::stop_token stop, std::ostream& out,
                         Clock& clock) {
  RETURN_IF_ERROR(options.Validate());
  SetThreads(options.threads);
  ASSIGN_OR_RETURN(const Placement placement, ParsePlacement("cpu", options.dtype));
  ASSIGN_OR_RETURN(const std::shared_ptr<const Dataset> data, OpenTest(options));
  CorruptSamples corrupt(options.max_corrupt, Field("test"));
  const TestSet test{data, corrupt};
  std::vector<Evaluated> all;
  for (const std::string& directory : options.models) {
    ASSIGN_OR_RETURN(Evaluated evaluated, LoadAndEvaluate(directory, test, placement));
    all.push_back(std::move(evaluated));
  }
  std::optional<std::vector<int64_t>> teacher_answers;
  if (!options.teacher.none()) {
    ASSIGN_OR_RETURN(teacher_answers, AskTeacher(options.teacher, test, stop, clock));
  }
  ASSIGN_OR_RETURN(const std::vector<Timing> timings, TimeAll(options, test, all));

  std::vector<ModelFigures> figures;
  for (size_t i = 0; i < all.size(); ++i) {
    const LoadedModel& model = *all[i].model;
    figures.push_back({.model = options.models[i],
                       .fingerprint = model.fingerprint(),
                       .parameters = model.parameters(),
                       .bytes = model.bytes(),
                       .multiply_adds = model.multiply_adds(),
                       .quality = all[i].meter.quality(),
                       .latency_p50_ms = timings[i].latency_p50_ms,
                       .latency_p99_ms = timings[i].latency_p99_ms,
                       .samples_per_s = timings[i].samples_per_s,
                       .batch_size = timings[i].batch_size});
    if (teacher_answers.has_value()) {
      figures.back().teacher_agreement = ShareOfEqual(all[i].meter.answers(), *teacher_answers);
    }
  }
  for (const std::string& note : data->reading_notes()) log::Warning(note);
  for (const ModelFigures& each : figures) WarnOfPermutation(each, data->class_names());
  out << ComparisonTable(figures, data->class_names()) << std::flush;
  if (options.json.empty()) return absl::OkStatus();
  return WriteFileAtomically(options.json,
                             JsonText(ComparisonJson(figures, data->class_names()), 2) + "\n");
}

}  // namespace distill
