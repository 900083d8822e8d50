// Runner: executes a teacher. The interface holds no Torch type, so that batching and serving stay
// on their side of the wall.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/contract/input_batch.h"
#include "common/contract/limits.h"
#include "common/contract/served_model.h"
#include "teacher_server/runner/outputs.h"

namespace distill {

// One request. Its inputs have passed CheckInputs and share the memory they arrived in.
struct RunnerRequest {
  std::vector<InputBatch> inputs;
  int64_t samples = 0;
  // On a ragged stream: the positions of the samples, counted over all of them, that outputs with a
  // row per position have rows of (common/contract/row_mask.h); empty: all.
  std::string row_mask = {};
  // Padded to numerics().fixed_batch_size; such a request is alone in its batch.
  bool batch_independent = false;
};

// What came of one request: a status that is not OK is fit for a client.
using Computed = absl::StatusOr<std::unique_ptr<const Outputs>>;

// Run() is called from one thread at a time; the rest is immutable and thread-safe.
class Runner {
 public:
  virtual ~Runner() = default;

  virtual const ModelInfo& info() const = 0;
  virtual const Numerics& numerics() const = 0;

  // Requests with equal keys can be computed in one batch.
  virtual std::string BatchKey(const RunnerRequest& request) const = 0;

  // Computes all requests, of equal keys, as one batch. Returns one result per request, in order:
  // INVALID_ARGUMENT for non-finite inputs (the others are still computed), INTERNAL without any
  // detail (that goes to the log) when the model throws or gives another number of classes. A
  // batch that throws is run again request by request, so that only the guilty ones fail.
  virtual std::vector<Computed> Run(absl::Span<const RunnerRequest> requests) = 0;
};

inline constexpr int64_t kMaxBatchSamples = 65536;
inline constexpr int kMaxThreads = 1024;
inline constexpr int kMaxInstances = 64;

struct RunnerOptions {
  std::filesystem::path model_directory;
  std::string model_name;           // as clients ask for it; empty: the directory's own name
  int64_t max_batch_samples = 256;  // also the fixed size of batch-independent requests
  std::string device = "auto";      // as ParsePlacement takes it
  std::string dtype = "f32";
  bool compare_dtypes = false;  // log how fast other dtypes would be, which loads the model in each
  int instances = 0;            // batches computed at once; 0: 1 on the CPU, 2 on CUDA
  bool allow_unstable_teacher = false;             // serve a model that CheckStable refuses
  int threads = 0;                                 // intra-op, of each instance; 0: one per core
  int64_t max_length = StreamLimits().max_length;  // of a sample of variable length

  // INVALID_ARGUMENT names the field, its value and what is allowed.
  absl::Status Validate() const;
};

// What clients ask for the model by: "teacher" for "runs/teacher/", unless it has a name.
std::string NameOf(const RunnerOptions& options);

// Loads the model directory (zoo or TorchScript) at the device, and runs every batch size that will
// be served, so that no client waits for it. Returns one runner per instance, all of equal info and
// numerics, which share the weights. Logs what the model is.
// Errors are for the operator: they name the directory and what is wrong. Sets the thread counts of
// the whole process.
absl::StatusOr<std::vector<std::unique_ptr<Runner>>> LoadRunners(const RunnerOptions& options);

}  // namespace distill
