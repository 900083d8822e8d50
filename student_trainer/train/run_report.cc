#include "student_trainer/train/run_report.h"

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/files.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/models/loaded_model.h"
#include "student_trainer/train/evaluation.h"
#include "student_trainer/train/model_timing.h"
#include "student_trainer/train/quality_meter.h"
#include "student_trainer/train/report_samples.h"
#include "student_trainer/train/run_identity.h"
#include "student_trainer/train/student_logits.h"
#include "student_trainer/train/teacher_logits.h"

namespace distill {
namespace {

// A run's end is not the place to wait: fewer than `evaluate` takes.
constexpr TimingOptions kTiming = {.rounds = 3, .latencies_per_round = 20};
constexpr int64_t kTimedBatch = 64;

const Dataset& Judge(const TrainingData& data) {
  return data.test != nullptr ? *data.test : data.validation();
}

nlohmann::json SetUpOf(const ReportedRun& run) {
  nlohmann::json json = {{"student", run.options.student},
                         {"classes", run.data.train->class_names()},
                         {"class_count", run.data.train->classes()},
                         {"teacher", nullptr},
                         {"objective", nullptr},
                         {"alpha", run.options.ResolvedAlpha()},
                         {"temperature", nullptr},
                         {"labels", LabelsDigest(Judge(run.data))},
                         {"data", nullptr},
                         {"figures", nullptr},
                         {"quality", nullptr}};
  if (run.teacher.has_value()) {
    json["teacher"] = absl::StrCat(run.teacher->name, " (", run.teacher->architecture, ")");
    json["objective"] = run.options.objective;
    if (run.options.HasTemperature()) json["temperature"] = run.options.ResolvedTemperature();
  }
  return json;
}

absl::Status WriteSetUp(const ReportedRun& run, const nlohmann::json& json) {
  return WriteFileAtomically(run.directory.report_data(), json.dump(2) + "\n");
}

void WarnWithoutLogits(const absl::Status& why) {
  log::Warning(absl::StrCat("the report will not have the teacher's logits: ", why.message()));
}

// Null, after a warning, where no teacher can be asked.
std::unique_ptr<TeacherPool> ConnectOrWarn(const ReportedRun& run, const std::stop_token& stop,
                                           Clock& clock) {
  auto teachers =
      ConnectForLogits(run.options.teacher, "student_trainer report", *run.data.train, clock, stop);
  if (teachers.ok()) return *std::move(teachers);
  WarnWithoutLogits(teachers.status());
  return nullptr;
}

absl::StatusOr<TeacherFigures> KeepSamples(const ReportedRun& run,
                                           const std::filesystem::path& file,
                                           const std::stop_token& stop, Clock& clock) {
  const std::vector<int64_t> samples = ChooseReportSamples(run.data, run.options.split.split_seed);
  std::unique_ptr<TeacherPool> teachers;
  if (run.teacher.has_value() && !samples.empty()) teachers = ConnectOrWarn(run, stop, clock);
  TeacherFigures asked;
  absl::Status kept;
  if (teachers != nullptr) {
    const std::stop_callback stop_asking(stop, [&teachers] { teachers->Stop(); });
    kept = KeepReportSamples(file, run.data, samples, teachers.get());
    asked = {.stats = teachers->stats(),
             .samples_by_teacher = teachers->samples_by_teacher(),
             .probe_samples = teachers->stats().samples_answered};
  }
  if (stop.stop_requested()) return absl::CancelledError("interrupted");
  if (!kept.ok()) WarnWithoutLogits(kept);
  if (teachers == nullptr || !kept.ok()) {
    RETURN_IF_ERROR(KeepReportSamples(file, run.data, samples, nullptr));
  }
  return asked;
}

nlohmann::json FiguresOf(const LoadedModel& model, const Timing& timing) {
  return {{"parameters", model.parameters()},        {"bytes", model.bytes()},
          {"multiply_adds", model.multiply_adds()},  {"latency_ms", timing.latency_p50_ms},
          {"latency_p99_ms", timing.latency_p99_ms}, {"samples_per_s", timing.samples_per_s},
          {"batch_size", timing.batch_size}};
}

absl::StatusOr<Quality> QualityOf(const ReportedRun& run, const LogitsFunction& logits) {
  const bool has_test = run.data.test != nullptr;
  ASSIGN_OR_RETURN(
      const QualityMeter meter,
      MeasureQuality(Judge(run.data),
                     has_test ? AllSamples(*run.data.test) : run.data.validation_samples(),
                     has_test ? *run.data.corrupt_test : run.data.corrupt_in_validation(), logits));
  return meter.quality();
}

}  // namespace

absl::StatusOr<TeacherFigures> BeginReport(const ReportedRun& run, std::stop_token stop,
                                           Clock& clock) {
  RETURN_IF_ERROR(WriteSetUp(run, SetUpOf(run)));
  const std::filesystem::path file = run.directory.report_samples();
  if (run.options.resume && std::filesystem::exists(file)) return TeacherFigures();
  return KeepSamples(run, file, stop, clock);
}

absl::StatusOr<Quality> MeasureBestModel(const ReportedRun& run) {
  ASSIGN_OR_RETURN(const std::unique_ptr<LoadedModel> best,
                   LoadedModel::Load(run.directory.model()));
  const LogitsFunction logits = LogitsOfLoaded(*best);
  ASSIGN_OR_RETURN(const Quality quality, QualityOf(run, logits));
  RETURN_IF_ERROR(AddStudentLogits(run.directory.report_samples(), logits));
  ASSIGN_OR_RETURN(const std::vector<Timing> timings,
                   TimeInTurns({{best.get(), best->ExampleInputs(kTimedBatch).front()}}, kTiming));
  nlohmann::json json = SetUpOf(run);
  ASSIGN_OR_RETURN(json["data"], DataDigest(Judge(run.data)));
  json["figures"] = FiguresOf(*best, timings.front());
  if (quality.samples > 0) {
    json["quality"] = ToJson(quality);
    json["quality"]["on"] = run.data.test != nullptr ? "test" : "validation";
  }
  RETURN_IF_ERROR(WriteSetUp(run, json));
  return quality;
}

}  // namespace distill
