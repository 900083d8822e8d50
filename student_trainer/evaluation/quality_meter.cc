#include "student_trainer/evaluation/quality_meter.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <tuple>

#include "common/base/status_macros.h"

namespace distill {
namespace {

constexpr int64_t kTop = 5;

// Of a confidence in [0, 1]: 1 belongs to the last bin.
size_t BinOf(double confidence) {
  const auto bin = static_cast<int64_t>(confidence * kCalibrationBins);
  return static_cast<size_t>(std::clamp<int64_t>(bin, 0, kCalibrationBins - 1));
}

}  // namespace

void QualityMeter::Add(const at::Tensor& logits, const at::Tensor& labels) {
  const at::Tensor log_probabilities = logits.to(at::kDouble).log_softmax(1);
  const at::Tensor of_labels = log_probabilities.gather(1, labels.unsqueeze(1));  // [n, 1]
  const auto [best, chosen] = log_probabilities.max(1);
  const at::Tensor top = std::get<1>(logits.topk(std::min(kTop, logits.size(1)), 1));
  const at::Tensor in_top = top.eq(labels.unsqueeze(1)).any(1);
  quality_.loss -= of_labels.sum().item<double>();
  quality_.top5_errors += in_top.logical_not().sum().item<int64_t>();

  const at::Tensor confidences = best.exp().contiguous(), answers = chosen.contiguous();
  const auto* const confidence = confidences.const_data_ptr<double>();
  const auto* const answer = answers.const_data_ptr<int64_t>();
  const at::Tensor wanted = labels.contiguous();
  const auto* const label = wanted.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < labels.size(0); ++i) {
    const bool correct = answer[i] == label[i];
    CalibrationBin& bin = quality_.calibration[BinOf(confidence[i])];
    ClassCount& count = quality_.classes[static_cast<size_t>(label[i])];
    ++bin.samples, ++count.samples;
    bin.confidence += confidence[i];
    bin.correct += correct, count.correct += correct;
    if (!correct) ++confusions_[{label[i], answer[i]}];
    quality_.errors += !correct;
    answers_.push_back(answer[i]);
  }
  quality_.samples += labels.size(0);
}

Quality QualityMeter::quality() const {
  Quality quality = quality_;
  if (quality.samples > 0) quality.loss /= static_cast<double>(quality.samples);
  for (const auto& [pair, samples] : confusions_) {
    quality.confusions.push_back({.label = pair.first, .answer = pair.second, .samples = samples});
  }
  std::stable_sort(quality.confusions.begin(), quality.confusions.end(),
                   [](const Confusion& a, const Confusion& b) { return a.samples > b.samples; });
  return quality;
}

absl::StatusOr<QualityMeter> MeasureQuality(const Dataset& dataset,
                                            absl::Span<const int64_t> samples,
                                            CorruptSamples& corrupt, const LogitsFunction& logits) {
  QualityMeter meter(dataset.classes());
  RETURN_IF_ERROR(VisitLogits(dataset, samples, corrupt, logits,
                              [&](const at::Tensor& given, const at::Tensor& labels,
                                  int64_t /*samples*/) { meter.Add(given, labels); }));
  return meter;
}

}  // namespace distill
