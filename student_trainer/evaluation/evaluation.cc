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
    for (const int64_t id : ids) label_values.push_back(dataset.Label(id));
    const at::Tensor labels = torch::tensor(label_values, torch::kInt64);  // [n]

    ASSIGN_OR_RETURN(const at::Tensor logits, logits_of(read.inputs));  // [n, classes]
    if (logits.dim() == 2 && logits.size(0) > static_cast<int64_t>(ids.size()) &&
        logits.size(0) % static_cast<int64_t>(ids.size()) == 0) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the model: it gives ", logits.size(0) / static_cast<int64_t>(ids.size()),
          " rows per sample, such as one per position of a sequence; use a model that gives one"));
    }
    if (logits.dim() != 2 || logits.size(0) != static_cast<int64_t>(ids.size()) ||
        logits.size(1) < dataset.classes()) {
      return absl::InternalError(absl::StrCat("the model: it gave logits of ", logits.dim(),
                                              " dimensions for ", ids.size(), " samples of ",
                                              dataset.classes(), " classes"));
    }
    visit(logits, labels);
  }
  return absl::OkStatus();
}

absl::StatusOr<EvaluationResult> Evaluate(const Dataset& dataset, absl::Span<const int64_t> samples,
                                          CorruptSamples& corrupt, const LogitsFunction& logits) {
  EvaluationResult result;
  RETURN_IF_ERROR(VisitLogits(
      dataset, samples, corrupt, logits, [&](const at::Tensor& given, const at::Tensor& labels) {
        result.loss +=
            at::cross_entropy_loss(given, labels, /*weight=*/{}, at::Reduction::Sum).item<double>();
        result.errors += given.argmax(1).ne(labels).sum().item<int64_t>();
        result.samples += labels.size(0);
      }));
  if (result.samples > 0) result.loss /= static_cast<double>(result.samples);
  if (!std::isfinite(result.loss)) result.loss = std::numeric_limits<double>::infinity();
  return result;
}

void to_json(nlohmann::json& json, const EvaluationResult& result) {
  json = {{"samples", result.samples},
          {"errors", result.errors},
          {"accuracy", result.accuracy()},
          {"loss", result.loss}};
}

void from_json(const nlohmann::json& json, EvaluationResult& result) {
  const nlohmann::json& loss = json.at("loss");
  result = {.samples = json.at("samples").get<int64_t>(),
            .errors = json.at("errors").get<int64_t>(),
            .loss = loss.is_null() ? std::numeric_limits<double>::infinity() : loss.get<double>()};
}

}  // namespace distill
