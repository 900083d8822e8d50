// What the end of a stream means: whether to try again, and what to tell the user.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "common/rpc/credentials.h"

namespace distill {

// Whether the end of a stream that was open means that the teacher is away for now: an OK end (a
// server that drained), UNAVAILABLE, DEADLINE_EXCEEDED, or a connection that broke, a TLS handshake
// that failed among them: certificates may be in the middle of a rotation.
//
// UNAUTHENTICATED and PERMISSION_DENIED are not losses: the server has read the token, and answers
// the same until a file is changed. To replace a token, add the new one to the server's file first,
// and remove the old one when the trainers no longer use it.
bool IsLoss(const absl::Status& end);

// Whether the server, or the token, has as many streams as it may: perhaps one of them is this
// client's own, which the server does not know to be dead yet.
bool IsFull(const absl::Status& end);

// Whether a first attempt to open, ended so, may do better later. A TLS refusal is told at once.
bool IsRetryableOpen(const absl::Status& end);

// The error for a user whose stream to `address` could not be opened: "cannot reach a teacher at
// …" with gRPC's reason, and what it may mean for `security`; "… is not a teacher server: …"; or
// the server's own words with its code.
absl::Status DescribeOpenFailure(const std::string& address, const ClientSecurity& security,
                                 const absl::Status& end);

}  // namespace distill
