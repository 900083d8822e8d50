// The one form of the project's errors, and how a status says where it happened.
//
// The message of an error has one of two forms:
//
//   WHAT is VALUE; must be RANGE    `batch_size` is 0; must be 1 or more
//   WHAT: REASON; FIX               /data/a.idx: the file ends early; copy it again
//
// WHAT is a field, a file, an address, or a step that failed ("cannot open /data/a.idx"). VALUE and
// REASON say what was found. RANGE and FIX say what would be right; "; FIX" is left out only where
// the reader can do nothing, or where REASON already says what is wanted ("the header has 8 bytes
// instead of 16"). A message is one line without a full stop at its end, and uses "must be" for
// nothing but a RANGE. Annotate() puts more of WHAT in front.
//
// The name of an option is written as its field in backticks, `batch_size`, and never as a flag:
// only the command layer knows flags, and turns each such name into --batch_size where the message
// leaves the program (WithFlags in command_line.h). Other names are written in '…'.
//
// A CANCELLED status reports a requested stop; it is not an error and has no form.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace distill {

// The status with "WHERE: " before its message, with its code and payloads. OK stays OK, and an
// empty `where` changes nothing.
absl::Status Annotate(absl::Status status, absl::string_view where);

// INVALID_ARGUMENT "WHAT is VALUE; must be RANGE". The checks of options are in check.h.
absl::Status InvalidValue(absl::string_view what, const absl::AlphaNum& value,
                          const absl::AlphaNum& range);

// Returns the text of a library, or of a peer, as a REASON: its first line, without the stops and
// spaces at its end.
absl::string_view OneLineReason(absl::string_view text);

}  // namespace distill
