// BatchLoader: makes the batches to come on threads of its own, and hands them out in order.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/mutex.h"
#include "student_trainer/data/batch_maker.h"

namespace distill {

// Where training batches come from; nullopt after the last.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  virtual absl::StatusOr<std::optional<TrainingBatch>> Next() = 0;
};

struct BatchLoaderOptions {
  int threads = 1;          // ≥ 1
  int64_t first_batch = 0;  // number of the first to hand out: where a resumed run goes on
};

// Each thread makes one batch at a time. Twice as many as there are threads are made ahead, no
// more; but of small batches up to 8, as long as they hold no more than a MiB: threads are woken
// when half of those ahead are taken, and that costs more than a small batch. Next() is called from
// one thread at a time; the maker must outlive the loader.
class BatchLoader : public BatchSource {
 public:
  BatchLoader(const BatchMaker& maker, const BatchLoaderOptions& options);
  ~BatchLoader() override;  // waits for the batches that are being made

  // Errors of BatchMaker::Make, after the batches before; from then on the same error.
  absl::StatusOr<std::optional<TrainingBatch>> Next() override;

 private:
  void Run();
  // The next batch to make; nullopt: there is none, or the loader ends.
  std::optional<int64_t> Take() ABSL_LOCKS_EXCLUDED(mutex_);

  const BatchMaker& maker_;
  const int64_t ahead_;

  Mutex mutex_;
  CondVar may_make_;
  CondVar made_one_;
  int64_t next_to_make_ ABSL_GUARDED_BY(mutex_);
  int64_t next_to_give_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<int64_t, absl::StatusOr<TrainingBatch>> made_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

}  // namespace distill
