// ServedTeacher: what every stream of a server shares and none changes.
#pragma once

#include <cstdint>

#include "common/rpc/limits.h"
#include "common/store/served_model.h"

namespace distill {

struct ServedTeacher {
  ModelInfo info;
  Numerics numerics;
  StreamLimits limits;

  // Bytes that a stream may have in flight: inputs until they are computed, answers until they are
  // written. Reading stops there, so one more message and its answer may come on top.
  int64_t MaxStreamBytes() const { return 2 * limits.max_message_bytes; }
};

}  // namespace distill
