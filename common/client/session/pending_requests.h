// PendingRequests: the requests that a teacher owes an answer, and the check of an answer against
// its request.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/client/session/soft_target_source.h"
#include "common/contract/target_spec.h"
#include "common/tensor/bytes.h"
#include "distill/v1/teacher.pb.h"

namespace distill {

struct PendingRequest {
  SoftTargetRequest request;
  int64_t samples = 0;
  int64_t positions = 0;  // that are wanted, of samples with lengths
  SoftTargetSource::Callback callback;
  int64_t sent_on = 0;  // the number of the stream it was last sent on; 0: none yet
};

// Not thread-safe.
class PendingRequests {
 public:
  // Ids are 1, 2, …
  uint64_t Add(PendingRequest request);

  // In order of their ids.
  std::map<uint64_t, PendingRequest>& all() { return requests_; }
  int64_t samples() const { return samples_; }

  // The request that an answer on stream `stream` names. INTERNAL where none of that id is owed an
  // answer on that stream.
  absl::StatusOr<PendingRequest*> Find(uint64_t id, int64_t stream);

  PendingRequest Take(uint64_t id);

  // Takes all, each with `status`.
  std::vector<Completion> FailAll(const absl::Status& status);

 private:
  std::map<uint64_t, PendingRequest> requests_;
  int64_t samples_ = 0;
  uint64_t last_id_ = 0;
};

// The message for a request; its payloads are the inputs' bytes, in order.
v1::DistillRequest ToMessage(uint64_t id, const SoftTargetRequest& request);

// The answer's targets, one per output. INTERNAL says in what way the answer does not match its
// request: outputs, rows, widths, bytes that do not fit them, or values that they cannot have.
absl::StatusOr<SoftTargets> CheckedTargets(const v1::Targets& targets,
                                           const std::vector<Bytes>& payloads,
                                           const PendingRequest& request,
                                           absl::Span<const AnswerOutput> outputs);

}  // namespace distill
