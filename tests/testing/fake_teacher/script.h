// What a test tells a FakeTeacher to do.
#pragma once

#include <optional>

#include "absl/status/status.h"

namespace distill::testing {

// What is wrong with an answer.
enum class AnswerFault {
  kWrongRows,     // one more than asked for, with the bytes for it
  kWrongClasses,  // one more
  kUnknownId,
  kShortPayload,
  kTwice,
  kNoKind,  // an empty message instead
  kErrorUnknownId,
  kNaN,  // in the first payload
};

enum class ReleaseOrder { kAsReceived, kReversed };

// What is in force now. FakeTeacher's methods describe it.
struct Script {
  bool holding = false;
  bool draining = false;
  bool ignoring_opens = false;
  std::optional<int> drop_after;     // answers
  std::optional<AnswerFault> fault;  // of the next answer
  bool twice = false;                // the next answer is sent twice
  std::optional<absl::Status> request_error;
  absl::Status open_error;
};

}  // namespace distill::testing
