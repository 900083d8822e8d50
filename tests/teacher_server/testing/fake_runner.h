// FakeRunner: a teacher without a model. Its logits are a known function of the inputs, and a test
// can hold it back and see what it was given.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/mutex.h"
#include "common/contract/row_mask.h"
#include "common/tensor/elements.h"
#include "teacher_server/runner/runner.h"

namespace distill::testing {

// Returns the first element of a sample of an input, uint8 or float32.
inline double FirstElement(const InputBatch& input, int64_t sample) {
  const Bytes own = SliceSamples(input, sample, sample + 1).values.bytes.Contiguous();
  return ElementAt(input.values.dtype, own.piece(0).data(), 0);
}

// Logits that are a function of the first element of each sample. With a row per position, all rows
// of a sample are equal.
class FakeOutputs final : public Outputs {
 public:
  FakeOutputs(const RunnerRequest& request, const ModelInfo& info) : classes_(info.classes) {
    const std::vector<int64_t>& lengths = LengthsOf(request.inputs);
    const bool by_position = info.rows_per_sample == -1 && !lengths.empty();
    for (int64_t sample = 0; sample < request.samples; ++sample) {
      const int64_t rows = by_position ? lengths[static_cast<size_t>(sample)] : 1;
      first_.insert(first_.end(), static_cast<size_t>(rows),
                    FirstElement(request.inputs[0], sample));
    }
    if (request.row_mask.empty()) return;
    const std::vector<double> all = std::exchange(first_, {});
    for (const int64_t row : SelectedRows(request.row_mask, static_cast<int64_t>(all.size()))) {
      first_.push_back(all[static_cast<size_t>(row)]);
    }
  }

  // Returns the logit of the teacher's own class c for a sample whose first element is `first`.
  static float Logit(double first, int64_t c) { return static_cast<float>(first * 10 + c); }

  int64_t rows(size_t) const override { return static_cast<int64_t>(first_.size()); }

  // Returns float32 [rows, classes], whatever the encoding asked for.
  absl::StatusOr<EncodedTargets> Encode(size_t, RowRange rows, const OutputEncoding& encoding,
                                        const EncodeOptions&) const override {
    std::vector<float> logits;
    for (int64_t row = rows.first; row < rows.first + rows.count; ++row) {
      for (int64_t c = 0; c < classes_; ++c) {
        logits.push_back(Logit(
            first_[static_cast<size_t>(row)],
            encoding.class_order != nullptr ? (*encoding.class_order)[static_cast<size_t>(c)] : c));
      }
    }
    std::string encoded(logits.size() * sizeof(float), '\0');
    std::memcpy(encoded.data(), logits.data(), encoded.size());
    return EncodedTargets{
        .spec = encoding.spec,
        .rows = rows.count,
        .classes = classes_,
        .parts = {
            {DType::kFloat32, {rows.count, classes_}, Bytes::FromString(std::move(encoded))}}};
  }

 private:
  const int64_t classes_;
  std::vector<double> first_;  // of the sample of each row
};

// Run() may be called by the batcher while a test calls the rest.
class FakeRunner : public Runner {
 public:
  FakeRunner() {
    info_.name = "fake";
    info_.fingerprint = std::string(64, 'f');
    info_.architecture = "fake";
    info_.inputs = {{"image", DType::kUint8, {2}}};
    info_.classes = 3;
    info_.class_names = {"ant", "bee", "cat"};
    numerics_.runner = "fake";
    numerics_.fixed_batch_size = 8;
  }

  // Before any Run: change what is served.
  ModelInfo& mutable_info() { return info_; }
  Numerics& mutable_numerics() { return numerics_; }

  const ModelInfo& info() const override { return info_; }
  const Numerics& numerics() const override { return numerics_; }

  // Called by every Run(), without a lock; set it before the first.
  void SetOnRun(std::function<void()> on_run) { on_run_ = std::move(on_run); }

  // Run() waits until Release(). Make it so before the first request.
  void Hold() {
    MutexLock lock(mutex_);
    held_ = true;
  }
  void Release() {
    MutexLock lock(mutex_);
    held_ = false;
    changed_.NotifyAll();
  }

  // Every later request is answered with this.
  void FailWith(absl::Status status) {
    MutexLock lock(mutex_);
    failure_ = std::move(status);
  }

  // Returns the first element of each request of each batch so far, in order: tests use them as
  // names. -1 if it is not finite.
  std::vector<std::vector<int64_t>> batches() {
    MutexLock lock(mutex_);
    return batches_;
  }

  // Samples that Run() has been given.
  int64_t samples() {
    MutexLock lock(mutex_);
    return samples_;
  }

  void WaitForBatches(size_t count) {
    MutexLock lock(mutex_);
    while (batches_.size() < count) changed_.Wait(mutex_);
  }

  std::string BatchKey(const RunnerRequest& request) const override {
    return ToString(absl::MakeConstSpan(request.inputs[0].values.shape).subspan(1));
  }

  std::vector<Computed> Run(absl::Span<const RunnerRequest> requests) override {
    if (on_run_) on_run_();
    absl::Status failure;
    {
      MutexLock lock(mutex_);
      batches_.emplace_back();
      for (const RunnerRequest& request : requests) {
        const double first = FirstElement(request.inputs[0], 0);
        batches_.back().push_back(std::isfinite(first) ? static_cast<int64_t>(first) : -1);
        samples_ += request.samples;
      }
      changed_.NotifyAll();
      while (held_) changed_.Wait(mutex_);
      failure = failure_;
    }
    std::vector<Computed> results;
    for (const RunnerRequest& request : requests) {
      if (!failure.ok()) {
        results.push_back(failure);
      } else if (!AllFinite(request.inputs[0].values)) {
        results.push_back(absl::InvalidArgumentError("input 'image' is not finite"));
      } else {
        results.push_back(std::make_unique<FakeOutputs>(request, info_));
      }
    }
    return results;
  }

 private:
  ModelInfo info_;
  Numerics numerics_;
  std::function<void()> on_run_;
  Mutex mutex_;
  CondVar changed_;
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::vector<int64_t>> batches_ ABSL_GUARDED_BY(mutex_);
  int64_t samples_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace distill::testing
