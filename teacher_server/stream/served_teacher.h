// ServedTeacher: one model that a server has; ServedTeachers: all of them. Every stream of the
// server shares them, and none changes them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/contract/limits.h"
#include "common/contract/served_model.h"
#include "teacher_server/batching/batcher.h"

namespace distill {

struct ServedTeacher {
  ModelInfo info;
  Numerics numerics;
  StreamLimits limits;
  // What computes it; outlives every stream.
  Batcher* batcher = nullptr;
};

// The most that one message and its answer take. A stream that holds so much, inputs until they are
// computed and answers until they are written, is not read: so one more may come on top.
inline int64_t StreamReserve(const StreamLimits& limits) { return 2 * limits.max_message_bytes; }

class ServedTeachers {
 public:
  // At least one; names differ.
  explicit ServedTeachers(std::vector<std::shared_ptr<const ServedTeacher>> teachers);

  // The one of this name, or the first if it is empty. NOT_FOUND names those that are served; fit
  // for clients.
  absl::StatusOr<std::shared_ptr<const ServedTeacher>> Find(const std::string& name) const;

  const std::vector<std::shared_ptr<const ServedTeacher>>& all() const { return teachers_; }
  // Equal for all.
  const StreamLimits& limits() const { return teachers_.front()->limits; }

 private:
  const std::vector<std::shared_ptr<const ServedTeacher>> teachers_;
};

}  // namespace distill
