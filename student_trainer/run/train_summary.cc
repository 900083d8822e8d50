#include "student_trainer/run/train_summary.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/base/count.h"
#include "common/base/units.h"

namespace distill {
namespace {

std::string TrainingLine(const TrainFigures& figures) {
  const RunProgress& run = figures.training.run;
  std::string line = absl::StrFormat(
      "done: %d steps on %d samples in %s", figures.training.steps, run.samples,
      absl::FormatDuration(absl::Ceil(absl::Seconds(run.seconds), absl::Seconds(1))));
  if (const EvaluationResult& validation = run.best_validation; validation.samples > 0) {
    absl::StrAppendFormat(&line, "; best epoch %d, validation errors %d of %d", run.best_epoch + 1,
                          validation.errors, validation.rows());
  }
  if (figures.test.has_value()) {
    absl::StrAppendFormat(&line, "; test errors %d of %d (accuracy %.2f%%)", figures.test->errors,
                          figures.test->rows(), 100 * figures.test->accuracy());
  }
  return line;
}

std::string TeacherLine(const TrainFigures& figures) {
  const RunProgress& run = figures.training.run;
  const ClientStats& stats = figures.teacher->stats;
  const int64_t without = figures.training.samples_without_targets;
  return absl::StrFormat(
      "teacher: soft targets for %d training and %d probe samples; %s sent, %s received; "
      "%.1f%% of the time spent waiting; %d reconnects; %d samples had no soft targets (%.2f%%)",
      run.samples_with_targets, figures.teacher->probe_samples, FormatBytes(stats.bytes_sent),
      FormatBytes(stats.bytes_received), 100 * run.seconds_waiting / std::max(run.seconds, 1e-9),
      stats.reconnects, without,
      100.0 * static_cast<double>(without) /
          static_cast<double>(std::max<int64_t>(1, run.samples_with_targets + without)));
}

}  // namespace

void TeacherFigures::Add(const TeacherFigures& other) {
  stats.answers += other.stats.answers;
  stats.samples_answered += other.stats.samples_answered;
  stats.bytes_sent += other.stats.bytes_sent;
  stats.bytes_received += other.stats.bytes_received;
  stats.losses += other.stats.losses;
  stats.reconnects += other.stats.reconnects;
  for (const auto& [address, samples] : other.samples_by_teacher) {
    samples_by_teacher[address] += samples;
  }
  probe_samples += other.probe_samples;
}

nlohmann::json ToJson(const TeacherFigures& figures) {
  return {{"answers", figures.stats.answers},
          {"samples_answered", figures.stats.samples_answered},
          {"bytes_sent", figures.stats.bytes_sent},
          {"bytes_received", figures.stats.bytes_received},
          {"losses", figures.stats.losses},
          {"reconnects", figures.stats.reconnects},
          {"samples_by_teacher", figures.samples_by_teacher},
          {"probe_samples", figures.probe_samples}};
}

TeacherFigures TeacherFiguresFromJson(const nlohmann::json& json) {
  TeacherFigures figures;
  const auto take = [&json](const char* key, int64_t& value) {
    if (json.contains(key) && json[key].is_number_integer()) value = json[key].get<int64_t>();
  };
  take("answers", figures.stats.answers);
  take("samples_answered", figures.stats.samples_answered);
  take("bytes_sent", figures.stats.bytes_sent);
  take("bytes_received", figures.stats.bytes_received);
  take("losses", figures.stats.losses);
  take("reconnects", figures.stats.reconnects);
  take("probe_samples", figures.probe_samples);
  if (json.contains("samples_by_teacher") && json["samples_by_teacher"].is_object()) {
    for (const auto& [address, samples] : json["samples_by_teacher"].items()) {
      if (samples.is_number_integer()) figures.samples_by_teacher[address] = samples;
    }
  }
  return figures;
}

std::vector<std::string> SummaryLines(const TrainFigures& figures) {
  std::vector<std::string> lines = {TrainingLine(figures)};
  if (figures.teacher.has_value()) {
    lines.push_back(TeacherLine(figures));
    if (const auto& each = figures.teacher->samples_by_teacher; each.size() > 1) {
      lines.push_back(absl::StrCat("teachers, by the samples that they answered: ",
                                   absl::StrJoin(each, ", ", absl::PairFormatter(" "))));
    }
  }
  if (figures.corrupt_samples > 0) {
    lines.push_back(absl::StrCat(Count(figures.corrupt_samples, "corrupt sample"),
                                 figures.corrupt_samples == 1 ? " was" : " were", " skipped"));
  }
  return lines;
}

nlohmann::json SummaryRecord(const TrainFigures& figures) {
  const RunProgress& run = figures.training.run;
  nlohmann::json record = {{"kind", "end"},
                           {"steps", figures.training.steps},
                           {"samples", run.samples},
                           {"best_epoch", run.best_epoch + 1},
                           {"validation", run.best_validation},
                           {"seconds", run.seconds},
                           {"seconds_waiting", run.seconds_waiting},
                           {"seconds_waiting_for_data", run.seconds_waiting_for_data},
                           {"samples_with_targets", run.samples_with_targets},
                           {"samples_without_targets", figures.training.samples_without_targets},
                           {"corrupt_samples", figures.corrupt_samples}};
  if (figures.test.has_value()) record["test"] = *figures.test;
  if (figures.teacher.has_value()) {
    const TeacherFigures& teacher = *figures.teacher;
    record["probe_samples"] = teacher.probe_samples;
    record["samples_answered"] = teacher.stats.samples_answered;
    record["bytes_sent"] = teacher.stats.bytes_sent;
    record["bytes_received"] = teacher.stats.bytes_received;
    record["reconnects"] = teacher.stats.reconnects;
    record["teachers"] = teacher.samples_by_teacher;
  }
  return record;
}

}  // namespace distill
