// Granted: what a teacher granted when it opened a stream, and checks that the teacher is the same.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/contract/limits.h"
#include "common/contract/served_model.h"
#include "common/contract/target_spec.h"

namespace distill {

namespace v1 {
class Opened;
}

struct Granted {
  ModelInfo model;
  TargetSpec spec;
  Numerics numerics;
  StreamLimits limits;
};

// INTERNAL, naming the field, for an Opened that breaks the contract: values that cannot be, a
// spec other than the one `wanted`, or one that does not fit the classes.
absl::StatusOr<Granted> GrantedFromProto(const v1::Opened& opened, const TargetSpec& wanted);

// In words, all of it: equal for equal numerics alone.
std::string Describe(const Numerics& numerics);

// Whether numerics must be the same for the answers to be.
enum class SameNumerics { kNotNeeded, kNeeded };

// OK if requests cut and answers decoded for `before` are right for `now`: the same fingerprint,
// inputs, classes and spec, and limits that are no smaller (credits may be). FAILED_PRECONDITION "a
// different fingerprint, bb… instead of aa…" shows both values.
absl::Status CheckSameTeacher(const Granted& before, const Granted& now, SameNumerics numerics);

}  // namespace distill
