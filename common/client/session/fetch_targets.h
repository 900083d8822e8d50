// FetchTargets: the soft targets of one batch, asked for and waited for.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "common/client/session/request_cut.h"
#include "common/client/session/soft_target_source.h"
#include "common/contract/target_spec.h"

namespace distill {

// What to do when the source is lost again and again without one answer.
enum class OnFruitlessLosses {
  kWait,
  kGiveUp,  // after kFruitlessLosses in a row
};

struct FetchOptions {
  float temperature = 1;
  uint64_t seed = 0;  // the requests' own seeds are functions of it and of their first sample
  int64_t rows_per_sample = 1;
  OnFruitlessLosses on_fruitless_losses = OnFruitlessLosses::kWait;
};

// The output `logits` of the batch, cut into requests as a training batch is, within the credits;
// the answers in the order of the samples. Blocks until all are there, through losses of the
// connection, or until the source fails or is stopped, with its status. With kGiveUp it is the
// source's listener meanwhile; UNAVAILABLE reports the losses, and the source tries to connect
// again as before. FAILED_PRECONDITION if the source does not ask for `logits`.
absl::StatusOr<std::vector<EncodedTargets>> FetchTargets(SoftTargetSource& source,
                                                         const AskedBatch& batch,
                                                         const FetchOptions& options);

}  // namespace distill
