// FakeRunner: a teacher without a model. Its logits are a known function of the inputs, and a test
// can hold it back and see what it was given.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/mutex.h"
#include "teacher_server/runner/runner.h"

namespace distill::testing {

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

  // The logit of the teacher's own class c for a sample whose first element is `first`.
  static float Logit(double first, int64_t c) { return static_cast<float>(first * 10 + c); }

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

  // The seeds of the requests of each batch so far, in order: tests use them as names.
  std::vector<std::vector<uint64_t>> batches() {
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
    return ToString(absl::MakeConstSpan(request.inputs[0].shape).subspan(1));
  }

  RunResult Run(absl::Span<const RunnerRequest> requests) override {
    if (on_run_) on_run_();
    absl::Status failure;
    {
      MutexLock lock(mutex_);
      batches_.emplace_back();
      for (const RunnerRequest& request : requests) {
        batches_.back().push_back(request.seed);
        samples_ += request.samples;
      }
      changed_.NotifyAll();
      while (held_) changed_.Wait(mutex_);
      failure = failure_;
    }
    RunResult result;
    for (const RunnerRequest& request : requests) {
      if (!failure.ok()) {
        result.answers.push_back(failure);
      } else if (!AllFinite(request.inputs[0])) {
        result.answers.push_back(absl::InvalidArgumentError("input 'image' is not finite"));
      } else {
        result.answers.push_back(Encode(request));
      }
    }
    return result;
  }

 private:
  // float32 [samples, classes], whatever the encoding asked for.
  EncodedTargets Encode(const RunnerRequest& request) const {
    const HostTensor& input = request.inputs[0];
    const std::string bytes = input.bytes.ToString();
    const size_t stride = bytes.size() / static_cast<size_t>(request.samples);
    std::vector<float> logits;
    for (int64_t sample = 0; sample < request.samples; ++sample) {
      const char* begin = bytes.data() + static_cast<size_t>(sample) * stride;
      double first = static_cast<uint8_t>(*begin);
      if (input.dtype == DType::kFloat32) {
        float value = 0;
        std::memcpy(&value, begin, sizeof(value));
        first = value;
      }
      for (int64_t c = 0; c < info_.classes; ++c) {
        const auto i = static_cast<size_t>(c);
        logits.push_back(Logit(first, request.class_order ? (*request.class_order)[i] : c));
      }
    }
    std::string encoded(logits.size() * sizeof(float), '\0');
    std::memcpy(encoded.data(), logits.data(), encoded.size());
    return {.spec = request.spec,
            .rows = request.samples,
            .classes = info_.classes,
            .parts = {{DType::kFloat32,
                       {request.samples, info_.classes},
                       Bytes::FromString(std::move(encoded))}}};
  }

  ModelInfo info_;
  Numerics numerics_;
  std::function<void()> on_run_;
  Mutex mutex_;
  CondVar changed_;
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::vector<uint64_t>> batches_ ABSL_GUARDED_BY(mutex_);
  int64_t samples_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace distill::testing
