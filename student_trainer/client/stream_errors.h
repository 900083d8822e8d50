// What the end of a stream means: whether to try again, and what to tell the user. Pure.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace distill {

// Whether the end of a stream that was open means that the teacher is away for now: an OK end (a
// server that drained), UNAVAILABLE, DEADLINE_EXCEEDED, or a connection that broke.
bool IsLoss(const absl::Status& end);

// Whether an attempt to open, ended so, may do better later.
bool IsRetryableOpen(const absl::Status& end);

// The error for a user whose stream to `address` could not be opened: "cannot reach a teacher at
// …", "… is not a teacher server: …", or the server's own words with its code.
absl::Status DescribeOpenFailure(const std::string& address, const absl::Status& end);

}  // namespace distill
