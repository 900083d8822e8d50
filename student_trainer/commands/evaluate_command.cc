#include "student_trainer/commands/evaluate_command.h"

#include <torch/types.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/files.h"
#include "common/base/json_text.h"
#include "common/base/status_macros.h"
#include "common/contract/class_order.h"
#include "common/inference/loaded_model.h"
#include "common/torch/host_tensors.h"
#include "common/torch/threads.h"
#include "student_trainer/alignment/teacher_logits.h"
#include "student_trainer/data/formats/open_dataset.h"
#include "student_trainer/data/read_samples.h"
#include "student_trainer/evaluation/evaluation.h"
#include "student_trainer/evaluation/model_timing.h"
#include "student_trainer/evaluation/quality_meter.h"
#include "student_trainer/evaluation/student_logits.h"
#include "student_trainer/quality/comparison.h"
#include "student_trainer/views/resample/fit_to_student.h"
#include "student_trainer/views/resample/resample.h"

namespace distill {
namespace {

struct TestSet {
  const Dataset& data;
  CorruptSamples& corrupt;
};

struct Evaluated {
  std::unique_ptr<LoadedModel> model;
  QualityMeter meter;
};

// Whether the data are the model's input, or images that can be downsampled to it.
bool Fits(const InputSpec& model, const InputSpec& data) {
  if (model.dtype != data.dtype || model.shape.size() != data.shape.size()) return false;
  if (model.shape == data.shape) return true;
  return data.dtype == DType::kUint8 && data.shape.size() == 3 && model.shape[0] == data.shape[0] &&
         model.shape[1] <= data.shape[1] && model.shape[2] <= data.shape[2];
}

absl::Status CheckFits(const std::string& directory, const LoadedModel& model,
                       const Dataset& test) {
  const ModelDescription& description = model.description();
  if (description.inputs.size() != 1 || !Fits(description.inputs[0], test.input())) {
    return absl::FailedPreconditionError(
        absl::StrCat(directory, ": it takes ",
                     description.inputs.empty() ? "nothing" : ToString(description.inputs[0]),
                     ", the data has ", ToString(test.input())));
  }
  if (model.classes() < test.classes()) {
    return absl::FailedPreconditionError(absl::StrCat(directory, ": it knows ", model.classes(),
                                                      " classes, the data has ", test.classes()));
  }
  return absl::OkStatus();
}

absl::StatusOr<QualityMeter> Measure(const TestSet& test, const LogitsFunction& logits) {
  return MeasureQuality(test.data, AllSamples(test.data), test.corrupt, logits);
}

absl::StatusOr<Evaluated> LoadAndEvaluate(const std::string& directory, const TestSet& test) {
  ASSIGN_OR_RETURN(std::unique_ptr<LoadedModel> model, LoadedModel::Load(directory));
  RETURN_IF_ERROR(CheckFits(directory, *model, test.data));
  ASSIGN_OR_RETURN(
      const auto order,
      ClassOrder(model->description().class_names, model->classes(), test.data.class_names()),
      directory);
  at::Tensor index;
  if (order != nullptr) index = torch::tensor(*order, torch::kInt64);
  const LogitsFunction own_logits = LogitsOfLoaded(*model);
  ASSIGN_OR_RETURN(QualityMeter meter,
                   Measure(test, [&](const HostTensor& inputs) -> absl::StatusOr<at::Tensor> {
                     ASSIGN_OR_RETURN(const at::Tensor own, own_logits(inputs));
                     return index.defined() ? own.index_select(1, index) : own;
                   }));
  return Evaluated{std::move(model), std::move(meter)};
}

// What the teacher answers to the samples that the models were measured on, in their order.
absl::StatusOr<std::vector<int64_t>> AskTeacher(const TeacherAccess& access, const TestSet& test,
                                                const std::stop_token& stop, Clock& clock) {
  ASSIGN_OR_RETURN(const std::unique_ptr<TeacherPool> teachers,
                   ConnectForLogits(access, "student_trainer evaluate", test.data, clock, stop));
  const std::stop_callback stop_asking(stop, [&teachers] { teachers->Stop(); });
  ASSIGN_OR_RETURN(const QualityMeter meter, Measure(test, [&](const HostTensor& inputs) {
                     return FetchLogits(*teachers, inputs);
                   }));
  return meter.answers();
}

absl::StatusOr<std::vector<Timing>> TimeAll(const EvaluateOptions& options, const TestSet& test,
                                            const std::vector<Evaluated>& all) {
  std::vector<int64_t> samples = AllSamples(test.data);
  samples.resize(std::min(samples.size(), static_cast<size_t>(options.batch_size)));
  ASSIGN_OR_RETURN(const ReadSamplesResult read, ReadSamples(test.data, samples, test.corrupt));
  std::vector<TimedModel> timed;
  for (const Evaluated& evaluated : all) {  // each in its resolution
    ASSIGN_OR_RETURN(const HostTensor batch,
                     FitToStudent(read.inputs, evaluated.model->description().inputs[0]));
    timed.push_back({evaluated.model.get(), ToTorch(batch).clone()});
  }
  return TimeInTurns(timed);
}

double ShareOfEqual(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
  int64_t equal = 0;
  for (size_t i = 0; i < a.size(); ++i) equal += a[i] == b[i];
  return static_cast<double>(equal) / static_cast<double>(a.size());
}

absl::StatusOr<std::unique_ptr<Dataset>> OpenTest(const EvaluateOptions& options) {
  DataOptions data{.path = options.test, .role = DataRole::kTest, .resizer = Resize};
  if (!options.class_names.empty()) {
    ASSIGN_OR_RETURN(data.class_names, ReadClassNames(options.class_names));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Dataset> test, OpenDataset(data));
  if (test->classes() == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("`test` ", options.test, ": it has no labels to compare with"));
  }
  return test;
}

}  // namespace

absl::Status EvaluateOptions::Validate() const {
  if (models.empty()) return CheckGiven("models", "", "at least one model directory");
  RETURN_IF_ERROR(CheckGiven("test", test, "labelled data"));
  RETURN_IF_ERROR(CheckAtLeast("batch_size", batch_size, 1));
  RETURN_IF_ERROR(CheckAtLeast("threads", threads, 0, "one per core"));
  RETURN_IF_ERROR(CheckAtLeast("max_corrupt", max_corrupt, 0));
  return teacher.Validate();
}

absl::Status RunEvaluate(const EvaluateOptions& options, std::stop_token stop, std::ostream& out,
                         Clock& clock) {
  RETURN_IF_ERROR(options.Validate());
  SetThreads(options.threads);
  ASSIGN_OR_RETURN(const std::unique_ptr<Dataset> data, OpenTest(options));
  CorruptSamples corrupt(options.max_corrupt);
  const TestSet test{*data, corrupt};
  std::vector<Evaluated> all;
  for (const std::string& directory : options.models) {
    ASSIGN_OR_RETURN(Evaluated evaluated, LoadAndEvaluate(directory, test));
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
  out << ComparisonTable(figures, data->class_names()) << std::flush;
  if (options.json.empty()) return absl::OkStatus();
  return WriteFileAtomically(options.json,
                             JsonText(ComparisonJson(figures, data->class_names()), 2) + "\n");
}

}  // namespace distill
