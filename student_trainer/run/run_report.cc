#include "student_trainer/run/run_report.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/files.h"
#include "common/base/json_text.h"
#include "common/base/log.h"
#include "common/base/sha256.h"
#include "common/base/status_macros.h"
#include "common/codec/decoded.h"
#include "common/inference/loaded_model.h"
#include "common/model_directory/safetensors.h"
#include "student_trainer/alignment/teacher_logits.h"
#include "student_trainer/data/prepared_dataset.h"
#include "student_trainer/evaluation/evaluation.h"
#include "student_trainer/evaluation/model_timing.h"
#include "student_trainer/evaluation/quality_meter.h"
#include "student_trainer/evaluation/student_logits.h"
#include "student_trainer/run/model_figures.h"
#include "student_trainer/run/report_samples.h"
#include "student_trainer/run/run_identity.h"
#include "student_trainer/views/resample/resample.h"

namespace distill {
namespace {

// A run's end is not the place to wait: fewer than `evaluate` takes.
constexpr TimingOptions kTiming = {.rounds = 3, .latencies_per_round = 20};

// What the best model is measured on at the end.
struct Judge {
  std::shared_ptr<const Dataset> dataset;
  std::vector<int64_t> samples;
  CorruptSamples& corrupt;
};

Judge JudgeOf(const TrainingData& data) {
  if (data.test != nullptr) return {data.test, AllSamples(*data.test), *data.corrupt_test};
  return {data.shared_validation(), data.validation_samples(), data.corrupt_in_validation()};
}

nlohmann::json SetUpOf(const ReportedRun& run) {
  const Judge judge = JudgeOf(run.data);
  nlohmann::json json = {{"student", run.choices.student},
                         {"classes", run.data.train->class_names()},
                         {"class_count", run.data.train->classes()},
                         {"teacher", nullptr},
                         {"objective", nullptr},
                         {"alpha", run.choices.alpha},
                         {"temperature", nullptr},
                         {"labels", LabelsDigest(*judge.dataset, judge.samples)},
                         {"data", nullptr},
                         {"figures", nullptr},
                         {"quality", nullptr}};
  if (run.teachers != nullptr) {
    const ModelInfo& teacher = run.teachers->info();
    json["teacher"] = absl::StrCat(teacher.name, " (", teacher.architecture, ")");
    json["objective"] = run.choices.objective;
    if (run.choices.temperature.has_value()) json["temperature"] = *run.choices.temperature;
  }
  return json;
}

absl::Status WriteSetUp(const ReportedRun& run, const nlohmann::json& json) {
  return WriteFileAtomically(run.directory.report_data(), JsonText(json, 2) + "\n");
}

void WarnWithoutLogits(const absl::Status& why) {
  log::Warning(absl::StrCat("the report will not have the teacher's logits: ", why.message()));
}

// Null, after a warning, where no teacher can be asked.
std::unique_ptr<TeacherPool> ConnectOrWarn(const ReportedRun& run, const std::stop_token& stop,
                                           Clock& clock) {
  auto teachers =
      ConnectForLogits(run.choices.access, "student_trainer report", run.data.train->class_names(),
                       RaggedTermsOf(run.data.validation()), clock, stop);
  if (teachers.ok()) return *std::move(teachers);
  WarnWithoutLogits(teachers.status());
  return nullptr;
}

// Keeps the samples with what `teachers`, if any, say of them, and returns how many these answered.
absl::StatusOr<int64_t> KeepSamples(const ReportedRun& run, TeacherPool* teachers,
                                    const std::stop_token& stop) {
  const std::filesystem::path file = run.directory.report_samples();
  const std::vector<int64_t> samples = ChooseReportSamples(run.data, run.choices.split_seed);
  const int64_t before = teachers == nullptr ? 0 : teachers->stats().samples_answered;
  absl::Status kept;
  if (teachers != nullptr && !samples.empty()) {
    const std::stop_callback stop_asking(stop, [teachers] { teachers->Stop(); });
    kept = KeepReportSamples(file, run.data, samples, teachers);
  }
  if (stop.stop_requested()) return absl::CancelledError("interrupted");
  if (!kept.ok()) WarnWithoutLogits(kept);
  if (teachers == nullptr || samples.empty() || !kept.ok()) {
    RETURN_IF_ERROR(KeepReportSamples(file, run.data, samples, nullptr));
  }
  return teachers == nullptr ? 0 : teachers->stats().samples_answered - before;
}

bool GivesFullLogits(const SoftTargetSource& teachers) {
  const std::vector<AnswerOutput>& outputs = teachers.outputs();
  return std::any_of(outputs.begin(), outputs.end(), [](const AnswerOutput& output) {
    return FormOf(output.spec) == TargetForm::kFullLogits;
  });
}

// Whether an earlier part of the run has kept all that it wants.
absl::StatusOr<bool> HasSamples(const ReportedRun& run) {
  const std::filesystem::path file = run.directory.report_samples();
  if (!run.choices.resume || !std::filesystem::exists(file)) return false;
  if (run.teachers == nullptr) return true;
  ASSIGN_OR_RETURN(const SafetensorsFile kept, ReadSafetensors(file));
  return !kept.tensors.contains("inputs") || kept.tensors.contains("teacher_logits");
}

struct Judgement {
  Quality quality;
  std::string digest;  // sha256 of the samples that it was made on
};

void AddTo(Sha256& digest, const std::vector<InputBatch>& samples) {
  for (const InputBatch& input : samples) {
    for (const int64_t length : input.lengths) {
      digest.Update({reinterpret_cast<const char*>(&length), sizeof(length)});
    }
    for (size_t i = 0; i < input.values.bytes.num_pieces(); ++i) {
      const Bytes::Piece piece = input.values.bytes.piece(i);
      digest.Update({reinterpret_cast<const char*>(piece.data()), piece.size()});
    }
  }
}

// The rows of samples of the data set.
int64_t RowsIn(const Dataset& dataset, const std::vector<InputBatch>& samples) {
  if (!dataset.labels_by_position()) return samples[0].samples();
  const std::vector<int64_t>& lengths = LengthsOf(samples);
  if (lengths.empty()) {
    return samples[0].samples() * static_cast<int64_t>(dataset.Labels(0).size());
  }
  return std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
}

// The digest is of the samples at the run's own size, so that runs whose students have other
// resolutions can be compared.
absl::StatusOr<Judgement> JudgementOf(const ReportedRun& run, const LoadedModel& model) {
  const Judge judge = JudgeOf(run.data);
  ASSIGN_OR_RETURN(const std::shared_ptr<const Dataset> prepared,
                   PrepareFor(model.description().inputs, judge.dataset, Resize));
  const LogitsFunction logits = LogitsOfLoaded(model);
  Sha256 digest;
  const LogitsFunction seen = [&](const std::vector<InputBatch>& inputs) {
    AddTo(digest, inputs);
    return logits(inputs);
  };
  const bool own_size = prepared == judge.dataset;
  ASSIGN_OR_RETURN(const QualityMeter meter, MeasureQuality(*prepared, judge.samples, judge.corrupt,
                                                            own_size ? seen : logits));
  if (!own_size) {
    const LogitsFunction none =
        [&](const std::vector<InputBatch>& inputs) -> absl::StatusOr<at::Tensor> {
      AddTo(digest, inputs);
      return at::zeros({RowsIn(*judge.dataset, inputs), judge.dataset->classes()});
    };
    RETURN_IF_ERROR(VisitLogits(*judge.dataset, judge.samples, judge.corrupt, none,
                                [](const at::Tensor&, const at::Tensor&, int64_t) {}));
  }
  return Judgement{meter.quality(), digest.HexDigest()};
}

}  // namespace

absl::StatusOr<TeacherFigures> BeginReport(const ReportedRun& run, std::stop_token stop,
                                           Clock& clock) {
  RETURN_IF_ERROR(WriteSetUp(run, SetUpOf(run)));
  ASSIGN_OR_RETURN(const bool has_samples, HasSamples(run));
  if (has_samples) return TeacherFigures();
  const bool has_logits = run.teachers != nullptr && GivesFullLogits(*run.teachers);
  if (run.teachers == nullptr || has_logits) {
    ASSIGN_OR_RETURN(const int64_t answered, KeepSamples(run, run.teachers, stop));
    return TeacherFigures{.probe_samples = answered};
  }
  const std::unique_ptr<TeacherPool> teachers = ConnectOrWarn(run, stop, clock);
  ASSIGN_OR_RETURN(const int64_t answered, KeepSamples(run, teachers.get(), stop));
  if (teachers == nullptr) return TeacherFigures();
  return TeacherFigures{.stats = teachers->stats(),
                        .samples_by_teacher = teachers->samples_by_teacher(),
                        .probe_samples = answered};
}

absl::StatusOr<Quality> MeasureBestModel(const ReportedRun& run) {
  ASSIGN_OR_RETURN(const std::unique_ptr<LoadedModel> best,
                   LoadedModel::Load(run.directory.model()));
  ASSIGN_OR_RETURN(const Judgement judgement, JudgementOf(run, *best));
  const Quality& quality = judgement.quality;
  RETURN_IF_ERROR(AddStudentLogits(run.directory.report_samples(), best->description().inputs[0],
                                   LogitsOfLoaded(*best)));
  const Judge judge = JudgeOf(run.data);
  const int64_t length = MedianLength(*judge.dataset, judge.samples);
  ASSIGN_OR_RETURN(const std::vector<nlohmann::json> figures,
                   MeasureFigures({best.get()}, kTiming, length));
  nlohmann::json json = SetUpOf(run);
  json["data"] = judgement.digest;
  json["figures"] = figures.front();
  if (length > 0) json["figures"]["length"] = length;  // that it was timed with
  if (quality.samples > 0) {
    json["quality"] = ToJson(quality);
    json["quality"]["on"] = run.data.test != nullptr ? "test" : "validation";
  }
  RETURN_IF_ERROR(WriteSetUp(run, json));
  return quality;
}

}  // namespace distill
