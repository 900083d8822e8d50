#include "student_trainer/alignment/alignment.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/random.h"
#include "common/base/status_macros.h"
#include "common/contract/class_order.h"
#include "common/contract/input_batch.h"
#include "student_trainer/data/prepared_dataset.h"

namespace distill {
namespace {

// Returns the least number of successes that n trials of probability p reach with a probability of
// kGuessing at most; n + 1 if even n successes are likelier.
int64_t LeastBeyondGuessing(int64_t n, double p) {
  const auto log_probability = [n, p](int64_t k) {
    const auto count = static_cast<double>(n), successes = static_cast<double>(k);
    return std::lgamma(count + 1) - std::lgamma(successes + 1) -
           std::lgamma(count - successes + 1) + successes * std::log(p) +
           (count - successes) * std::log1p(-p);
  };
  double tail = 0;
  for (int64_t k = n; k >= 0; --k) {
    tail += std::exp(log_probability(k));
    if (tail > kGuessing) return k + 1;
  }
  return 0;
}

bool TakesInputsOf(const std::vector<InputSpec>& model, const std::vector<InputSpec>& data) {
  const absl::StatusOr<std::vector<size_t>> chosen = MatchInputs(model, data);
  if (!chosen.ok()) return false;
  for (size_t i = 0; i < model.size(); ++i) {
    if (!Accepts(model[i], data[(*chosen)[i]])) return false;
  }
  return true;
}

// The length that the data's samples have of the first input that varies for the teacher; -1 if
// they have lengths of their own.
int64_t LengthFor(const ModelInfo& teacher, const Dataset& dataset) {
  for (const InputSpec& input : teacher.inputs) {
    if (!HasLengths(input)) continue;
    for (const InputSpec& own : dataset.inputs()) {
      if (own.name == input.name || dataset.inputs().size() == 1) return own.shape[0];
    }
  }
  return -1;
}

// Data without labels has the teacher's rows.
absl::Status CheckRowsFit(const ModelInfo& teacher, const Dataset& dataset) {
  const bool by_position = teacher.rows_per_sample != 1;
  if (dataset.classes() == 0) return absl::OkStatus();
  if (by_position && !dataset.labels_by_position()) {
    return absl::FailedPreconditionError(
        "the teacher: it gives a row per position of a sequence, where the data have a label per "
        "sample; use one with a row per sample");
  }
  if (!by_position && dataset.labels_by_position()) {
    return absl::FailedPreconditionError(
        "the teacher: it gives a row per sample, where the data have a label per position; use one "
        "with a row per position");
  }
  if (!by_position || dataset.Length(0) > 0) return absl::OkStatus();
  const auto labels = static_cast<int64_t>(dataset.Labels(0).size());
  const int64_t rows =
      teacher.rows_per_sample == -1 ? LengthFor(teacher, dataset) : teacher.rows_per_sample;
  if (rows != labels) {
    return absl::FailedPreconditionError(absl::StrCat("the teacher: it gives ", rows,
                                                      " rows per sample, where the data have ",
                                                      labels, " labels"));
  }
  return absl::OkStatus();
}

}  // namespace

RaggedTerms RaggedTermsOf(const Dataset& dataset) {
  if (std::none_of(dataset.inputs().begin(), dataset.inputs().end(), HasLengths)) return {};
  RaggedTerms terms{.ragged = true};
  for (int64_t i = 0; i < dataset.size(); ++i) {
    terms.max_rows_per_sample = std::max(terms.max_rows_per_sample, dataset.Length(i));
  }
  return terms;
}

absl::Status CheckLengthsFit(const RaggedTerms& terms, const StreamLimits& limits) {
  if (terms.max_rows_per_sample <= limits.max_length) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the longest sample of the data has ", terms.max_rows_per_sample,
      " positions, and the server takes ", limits.max_length, " at most; give the server a larger ",
      Field("max_length"), ", if its model takes that many"));
}

LogitRows RowsOn(const ModelInfo& teacher, const Dataset& dataset) {
  if (teacher.rows_per_sample == 1) return {};
  LogitRows rows{.by_position = true, .per_sample = teacher.rows_per_sample};
  if (rows.per_sample > 0) return rows;
  rows.per_sample = std::max<int64_t>(1, LengthFor(teacher, dataset));  // 1: samples have lengths
  return rows;
}

absl::Status CheckTeacherFitsData(const ModelInfo& teacher, const Dataset& dataset) {
  if (!TakesInputsOf(teacher.inputs, dataset.inputs())) {
    return absl::FailedPreconditionError(
        absl::StrCat("the teacher does not fit the data: it takes ", ToString(teacher.inputs),
                     ", the data has ", ToString(dataset.inputs()),
                     dataset.images() == nullptr
                         ? ""
                         : "; set `image_size` and `image_channels` to make images fit"));
  }
  RETURN_IF_ERROR(CheckRowsFit(teacher, dataset));
  if (dataset.classes() > 0 && dataset.classes() != teacher.classes) {
    return absl::FailedPreconditionError(
        absl::StrCat("the teacher does not fit the data: it knows ", teacher.classes,
                     " classes, the data has ", dataset.classes(),
                     teacher.classes > dataset.classes()
                         ? "; set `teacher_classes` to learn from some of the teacher's"
                         : ""));
  }
  return absl::OkStatus();
}

absl::Status CheckTeacherGivesLogits(const ModelInfo& teacher) {
  if (teacher.suspected_output.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the teacher: it gives what looks like ", QuotedName(teacher.suspected_output),
      " instead of logits; set \"output\" in its config.json to what it is, also if that is "
      "\"logits\" (docs/model_directory.md)"));
}

ParityResult JudgeParity(int64_t correct, int64_t samples, int64_t classes,
                         std::string permutation) {
  ParityResult result{.samples = samples, .correct = correct};
  if (samples == 0 || classes < 2) return result;
  result.least = LeastBeyondGuessing(samples, 1.0 / static_cast<double>(classes));
  result.permutation = std::move(permutation);
  const bool enough =
      static_cast<double>(result.least) <= kUsefulShare * static_cast<double>(samples);
  if (!result.permutation.empty()) {
    result.parity = Parity::kMisaligned;
  } else if (correct < result.least) {
    result.parity = enough ? Parity::kMisaligned : Parity::kTooFew;
  } else {
    result.parity = 2 * correct < samples ? Parity::kWeak : Parity::kGood;
  }
  return result;
}

std::string Describe(const ParityResult& result) {
  if (result.parity == Parity::kNotChecked) {
    return "parity probe: not checked, there are no labelled samples";
  }
  std::string text = absl::StrFormat("parity probe: the teacher agrees with %d of %d labels",
                                     result.correct, result.samples);
  if (!result.permutation.empty()) {
    absl::StrAppend(&text, " and knows classes by another order: ", result.permutation);
  } else if (result.parity == Parity::kTooFew) {
    absl::StrAppend(&text, ", too few to tell whether its classes are those of the data");
  } else if (result.parity == Parity::kWeak) {
    absl::StrAppend(&text, ", fewer than half");
  } else if (result.parity == Parity::kMisaligned) {
    absl::StrAppendFormat(&text,
                          ", which is no better than chance (%d were needed): its classes or its "
                          "inputs are not those of the data",
                          result.least);
  }
  return text;
}

std::vector<int64_t> DrawProbe(absl::Span<const int64_t> candidates, int64_t count, uint64_t seed) {
  std::vector<int64_t> drawn(candidates.begin(), candidates.end());
  Shuffle(drawn, MixSeed({seed, 0x70726f6265 /* "probe" */}));
  if (static_cast<int64_t>(drawn.size()) > count) drawn.resize(static_cast<size_t>(count));
  return drawn;
}

}  // namespace distill
