// Granted: what a teacher granted when it opened a stream, and checks that the teacher is the same.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/client/session/soft_target_source.h"
#include "common/contract/limits.h"
#include "common/contract/served_model.h"
#include "common/contract/target_spec.h"

namespace distill {

namespace v1 {
class Opened;
}

struct Granted {
  ModelInfo model;
  std::vector<AnswerOutput> outputs;  // those asked for, in that order
  Numerics numerics;
  StreamLimits limits;
};

// Whether these outputs are `logits` alone, which a stream needs no field of outputs for.
bool AreLogitsAlone(absl::Span<const AskedOutput> outputs);

// INTERNAL, naming the field, for an Opened that breaks the contract: values that cannot be, other
// outputs or specs than those `wanted`, or a spec that does not fit its output.
absl::StatusOr<Granted> GrantedFromProto(const v1::Opened& opened,
                                         absl::Span<const AskedOutput> wanted);

// In words, all of it: equal for equal numerics alone.
std::string Describe(const Numerics& numerics);

// Whether numerics must be the same for the answers to be.
enum class SameNumerics { kNotNeeded, kNeeded };

// OK if requests cut and answers decoded for `before` are right for `now`: the same fingerprint,
// inputs, classes and outputs, and limits that are no smaller (credits may be). FAILED_PRECONDITION
// "a different fingerprint, bb… instead of aa…" shows both values.
absl::Status CheckSameTeacher(const Granted& before, const Granted& now, SameNumerics numerics);

}  // namespace distill
