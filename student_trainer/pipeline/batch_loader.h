// BatchLoader makes the next batches on its own threads, and returns them in order.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/mutex.h"
#include "student_trainer/pipeline/batch_maker.h"

namespace distill {

// A source of training batches; nullopt follows the last one.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  virtual absl::StatusOr<std::optional<TrainingBatch>> Next() = 0;
};

struct BatchLoaderOptions {
  int threads = 1;          // ≥ 1
  int64_t first_batch = 0;  // number of the first batch returned; above 0 in a resumed run
};

// Each thread makes one batch at a time. The number of batches made ahead is twice the number of
// threads, except that up to 8 small batches are made ahead as long as they hold at most 1 MiB:
// threads are woken when half of the batches ahead are taken, and waking costs more than making a
// small batch. Next() is called from one thread at a time; the maker must outlive the loader.
class BatchLoader : public BatchSource {
 public:
  BatchLoader(const BatchMaker& maker, const BatchLoaderOptions& options);
  ~BatchLoader() override;  // waits for the batches that are being made

  // Returns the errors of BatchMaker::Make after the batches before them, and from then on the same
  // error.
  absl::StatusOr<std::optional<TrainingBatch>> Next() override;

 private:
  void Run();
  // Returns the number of the next batch to make; nullopt if there is none, or the loader stops.
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
