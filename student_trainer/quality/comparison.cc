#include "student_trainer/quality/comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/units.h"

namespace distill {
namespace {

constexpr size_t kMostClasses = 20;

double Ratio(double value, double divisor) {
  return divisor == 0 ? std::numeric_limits<double>::quiet_NaN() : value / divisor;
}

// "12,345"
std::string WithCommas(int64_t value) {
  std::string text = absl::StrCat(value);
  for (auto place = static_cast<int64_t>(text.size()) - 3; place > 0; place -= 3) {
    text.insert(static_cast<size_t>(place), ",");
  }
  return text;
}

std::string Percent(double part) {
  return std::isnan(part) ? "-" : absl::StrFormat("%.2f%%", 100 * part);
}

// "  (4.2 x less)"; nothing of the first model.
std::string Note(bool is_first, double ratio, absl::string_view what) {
  if (is_first || !std::isfinite(ratio)) return "";
  return absl::StrFormat(" (%.3g x %s)", ratio, what);
}

// Columns of cells, each as wide as its widest; the first to the left, the others to the right.
class Grid {
 public:
  void AddLine(std::vector<std::string> cells) {
    widths_.resize(std::max(widths_.size(), cells.size()));
    for (size_t i = 0; i < cells.size(); ++i) widths_[i] = std::max(widths_[i], cells[i].size());
    lines_.push_back(std::move(cells));
  }

  std::string text() const {
    std::string text;
    for (const auto& line : lines_) {
      for (size_t i = 0; i < line.size(); ++i) {
        const auto width = static_cast<int>(widths_[i]);
        if (i == 0) {
          absl::StrAppendFormat(&text, "%-*s", width, line[i]);
        } else {
          absl::StrAppendFormat(&text, "  %*s", width, line[i]);
        }
      }
      absl::StrAppend(&text, "\n");
    }
    return text;
  }

 private:
  std::vector<size_t> widths_;
  std::vector<std::vector<std::string>> lines_;
};

std::vector<size_t> ClassesWithSamples(const Quality& quality) {
  std::vector<size_t> labels;
  for (size_t label = 0; label < quality.classes.size(); ++label) {
    if (quality.classes[label].samples > 0) labels.push_back(label);
  }
  return labels;
}

// Labels with samples, the least known first where they are too many to show.
std::vector<size_t> ClassesToShow(const Quality& first) {
  std::vector<size_t> labels = ClassesWithSamples(first);
  if (labels.size() <= kMostClasses) return labels;
  std::stable_sort(labels.begin(), labels.end(), [&](size_t a, size_t b) {
    return first.classes[a].recall() < first.classes[b].recall();
  });
  labels.resize(kMostClasses);
  return labels;
}

std::string RecallTable(absl::Span<const ModelFigures> models,
                        absl::Span<const std::string> class_names) {
  const Quality& first = models[0].quality;
  const std::vector<size_t> labels = ClassesToShow(first);
  Grid grid;
  std::vector<std::string> head = {
      labels.size() < ClassesWithSamples(first).size()
          ? absl::StrCat("recall, of the ", labels.size(), " classes that the first knows least")
          : "recall"};
  for (size_t i = 0; i < models.size(); ++i) head.push_back(absl::StrCat("model ", i + 1));
  grid.AddLine(head);
  for (const size_t label : labels) {
    std::vector<std::string> line = {NameOfClass(label, class_names)};
    for (const ModelFigures& model : models) {
      line.push_back(Percent(model.quality.classes[label].recall()));
    }
    grid.AddLine(line);
  }
  return grid.text();
}

nlohmann::json ToJson(const Ratios& ratios) {
  return {{"quality_kept", ratios.quality_kept},
          {"times_smaller", ratios.times_smaller},
          {"times_fewer_multiply_adds", ratios.times_fewer_multiply_adds},
          {"times_faster", ratios.times_faster},
          {"times_the_throughput", ratios.times_the_throughput}};
}

nlohmann::json ClassesJson(const Quality& quality, absl::Span<const std::string> class_names) {
  nlohmann::json classes = nlohmann::json::array();
  for (size_t label = 0; label < quality.classes.size(); ++label) {
    const ClassCount& count = quality.classes[label];
    classes.push_back({{"name", NameOfClass(label, class_names)},
                       {"samples", count.samples},
                       {"correct", count.correct},
                       {"recall", count.recall()}});
  }
  return classes;
}

}  // namespace

Ratios Against(const ModelFigures& first, const ModelFigures& model) {
  const auto number = [](int64_t value) { return static_cast<double>(value); };
  return {
      .quality_kept = Ratio(model.quality.accuracy(), first.quality.accuracy()),
      .times_smaller = Ratio(number(first.bytes), number(model.bytes)),
      .times_fewer_multiply_adds = Ratio(number(first.multiply_adds), number(model.multiply_adds)),
      .times_faster = Ratio(first.latency_p50_ms, model.latency_p50_ms),
      .times_the_throughput = Ratio(model.samples_per_s, first.samples_per_s)};
}

std::string ComparisonTable(absl::Span<const ModelFigures> models,
                            absl::Span<const std::string> class_names) {
  if (models.empty()) return "";
  Grid grid;
  const auto add = [&](const std::string& figure, auto cell) {
    std::vector<std::string> line = {figure};
    for (size_t i = 0; i < models.size(); ++i) {
      line.push_back(cell(models[i], Against(models[0], models[i]), i == 0));
    }
    grid.AddLine(std::move(line));
  };
  using M = const ModelFigures&;
  using R = const Ratios&;
  std::vector<std::string> head = {""};
  for (size_t i = 0; i < models.size(); ++i) {
    head.push_back(absl::StrCat("[", i + 1, "] ", models[i].model));
  }
  grid.AddLine(head);
  add(absl::StrCat("errors of ", WithCommas(models[0].quality.samples)),
      [](M m, R, bool) { return WithCommas(m.quality.errors); });
  add("accuracy", [](M m, R r, bool first) {
    return Percent(m.quality.accuracy()) +
           (first || !std::isfinite(r.quality_kept)
                ? ""
                : absl::StrFormat(" (%.1f%% kept)", 100 * r.quality_kept));
  });
  if (models[0].quality.classes.size() > 5) {
    add("top-5 accuracy", [](M m, R, bool) { return Percent(m.quality.top5_accuracy()); });
  }
  add("cross-entropy", [](M m, R, bool) { return absl::StrFormat("%.4f", m.quality.loss); });
  add("calibration error", [](M m, R, bool) { return Percent(m.quality.calibration_error()); });
  if (models[0].teacher_agreement.has_value()) {
    add("answers as the teacher",
        [](M m, R, bool) { return Percent(m.teacher_agreement.value_or(0)); });
  }
  add("parameters", [](M m, R, bool) { return WithCommas(m.parameters); });
  add("size", [](M m, R r, bool first) {
    return FormatBytes(m.bytes) + Note(first, r.times_smaller, "smaller");
  });
  add("multiply-adds", [](M m, R r, bool first) {
    return absl::StrFormat("%.2f M", 1e-6 * static_cast<double>(m.multiply_adds)) +
           Note(first, r.times_fewer_multiply_adds, "fewer");
  });
  add("latency, median", [](M m, R r, bool first) {
    return absl::StrFormat("%.3f ms", m.latency_p50_ms) + Note(first, r.times_faster, "faster");
  });
  add("latency, p99", [](M m, R, bool) { return absl::StrFormat("%.3f ms", m.latency_p99_ms); });
  add(absl::StrCat("samples/s in batches of ", models[0].batch_size), [](M m, R r, bool first) {
    return WithCommas(std::llround(m.samples_per_s)) +
           Note(first, r.times_the_throughput, "as many");
  });
  return absl::StrCat(grid.text(), "\n", RecallTable(models, class_names));
}

nlohmann::json ComparisonJson(absl::Span<const ModelFigures> models,
                              absl::Span<const std::string> class_names) {
  nlohmann::json all = nlohmann::json::array();
  for (const ModelFigures& model : models) {
    const Quality& quality = model.quality;
    nlohmann::json object = {{"model", model.model},
                             {"fingerprint", model.fingerprint},
                             {"parameters", model.parameters},
                             {"bytes", model.bytes},
                             {"multiply_adds", model.multiply_adds},
                             {"samples", quality.samples},
                             {"errors", quality.errors},
                             {"accuracy", quality.accuracy()},
                             {"top5_accuracy", quality.top5_accuracy()},
                             {"loss", quality.loss},
                             {"calibration_error", quality.calibration_error()},
                             {"latency_ms", model.latency_p50_ms},
                             {"latency_p99_ms", model.latency_p99_ms},
                             {"samples_per_s", model.samples_per_s},
                             {"batch_size", model.batch_size},
                             {"against_first", ToJson(Against(models[0], model))},
                             {"classes", ClassesJson(quality, class_names)}};
    if (model.teacher_agreement.has_value()) {
      object["teacher_agreement"] = *model.teacher_agreement;
    }
    all.push_back(std::move(object));
  }
  return all;
}

}  // namespace distill
