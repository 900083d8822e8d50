#include "student_trainer/evaluation/evaluation.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "student_trainer/data/read_samples.h"

namespace distill {
namespace {

constexpr size_t kEvaluationBatch = 250;

// Whether the logits are of `rows` rows, which the labels of so many samples are of.
absl::Status CheckRows(const Dataset& dataset, int64_t samples, int64_t rows,
                       const at::Tensor& logits) {
  const int64_t given = logits.dim() == 2 ? logits.size(0) : 0;
  if (given == rows && logits.size(1) >= dataset.classes()) return absl::OkStatus();
  if (given == samples && dataset.labels_by_position()) {
    return absl::FailedPreconditionError(
        "the model: it gives a row per sample, where the data have a label per position; use a "
        "model that gives a row per position");
  }
  if (given > samples && !dataset.labels_by_position()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the model: it gives ", given, " rows for ", samples,
        " samples, such as one per position of a sequence; use a model that gives one per sample"));
  }
  if (dataset.labels_by_position() && logits.dim() == 2 && logits.size(1) >= dataset.classes()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the model: it gives ", given, " rows for samples with ", rows, " labels"));
  }
  return absl::InternalError(absl::StrCat("the model: it gave logits ",
                                          ToString(logits.sizes().vec()), " for ", rows,
                                          " rows of ", dataset.classes(), " classes"));
}

}  // namespace

absl::Status VisitLogits(const Dataset& dataset, absl::Span<const int64_t> samples,
                         CorruptSamples& corrupt, const LogitsFunction& logits_of,
                         LogitsVisitor visit) {
  const c10::InferenceMode inference;
  std::vector<int64_t> labelled;
  labelled.reserve(samples.size());
  std::copy_if(samples.begin(), samples.end(), std::back_inserter(labelled),
               [&dataset](int64_t sample) { return dataset.Label(sample) != kNoLabel; });

  for (size_t begin = 0; begin < labelled.size(); begin += kEvaluationBatch) {
    ASSIGN_OR_RETURN(
        const ReadSamplesResult read,
        ReadSamples(dataset, absl::MakeConstSpan(labelled).subspan(begin, kEvaluationBatch),
                    corrupt));
    const std::vector<int64_t>& ids = read.ids;
    if (ids.empty()) continue;
    std::vector<int64_t> label_values;
    for (const int64_t id : ids) {
      const std::vector<int64_t> of_sample = dataset.Labels(id);
      label_values.insert(label_values.end(), of_sample.begin(), of_sample.end());
    }
    at::Tensor labels = torch::tensor(label_values, torch::kInt64);  // [rows]
    const auto samples_read = static_cast<int64_t>(ids.size());

    ASSIGN_OR_RETURN(at::Tensor logits, logits_of(read.inputs));  // [rows, classes]
    RETURN_IF_ERROR(CheckRows(dataset, samples_read, labels.size(0), logits));
    if (dataset.labels_by_position()) {
      const at::Tensor labelled_rows = labels.ge(0).nonzero().squeeze(1);
      if (labelled_rows.size(0) == 0) continue;
      labels = labels.index_select(0, labelled_rows);
      logits = logits.index_select(0, labelled_rows);
    }
    visit(logits, labels, samples_read);
  }
  return absl::OkStatus();
}

absl::StatusOr<EvaluationResult> Evaluate(const Dataset& dataset, absl::Span<const int64_t> samples,
                                          CorruptSamples& corrupt, const LogitsFunction& logits) {
  EvaluationResult result;
  RETURN_IF_ERROR(VisitLogits(
      dataset, samples, corrupt, logits,
      [&](const at::Tensor& given, const at::Tensor& labels, int64_t judged) {
        result.loss +=
            at::cross_entropy_loss(given, labels, /*weight=*/{}, at::Reduction::Sum).item<double>();
        result.errors += given.argmax(1).ne(labels).sum().item<int64_t>();
        result.samples += judged;
        if (dataset.labels_by_position()) result.positions += labels.size(0);
      }));
  if (result.rows() > 0) result.loss /= static_cast<double>(result.rows());
  if (!std::isfinite(result.loss)) result.loss = std::numeric_limits<double>::infinity();
  return result;
}

void to_json(nlohmann::json& json, const EvaluationResult& result) {
  json = {{"samples", result.samples},
          {"errors", result.errors},
          {"accuracy", result.accuracy()},
          {"loss", result.loss}};
  if (result.positions > 0) json["positions"] = result.positions;
}

void from_json(const nlohmann::json& json, EvaluationResult& result) {
  const nlohmann::json& loss = json.at("loss");
  result = {.samples = json.at("samples").get<int64_t>(),
            .positions = json.value("positions", int64_t{0}),
            .errors = json.at("errors").get<int64_t>(),
            .loss = loss.is_null() ? std::numeric_limits<double>::infinity() : loss.get<double>()};
}

}  // namespace distill
