// ServedTeacher: one model that a server has; ServedTeachers: all of them, once they are loaded.
// Every stream of the server shares them, and none changes them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/mutex.h"
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

// Returns why no client can ask the model, or not for all encodings: one sample, or its answer in
// float32, takes more than a message. Empty if both fit; what has a variable length is not counted.
std::string WhatNoMessageHolds(const ModelInfo& model, const StreamLimits& limits);

// Thread-safe.
class ServedTeachers {
 public:
  using Teachers = std::vector<std::shared_ptr<const ServedTeacher>>;

  // None yet; `limits` will be those of all.
  explicit ServedTeachers(const StreamLimits& limits) : limits_(limits) {}
  // Those of Set.
  explicit ServedTeachers(Teachers teachers);

  // At least one; names differ. Called once.
  void Set(Teachers teachers);

  // The one of this name, or the first if it is empty. Fit for clients: UNAVAILABLE with
  // kServerStarting before Set; NOT_FOUND names those that are served.
  absl::StatusOr<std::shared_ptr<const ServedTeacher>> Find(const std::string& name) const;

  Teachers all() const;
  const StreamLimits& limits() const { return limits_; }

 private:
  const StreamLimits limits_;
  mutable Mutex mutex_;
  Teachers teachers_ ABSL_GUARDED_BY(mutex_);  // empty while the server starts
};

}  // namespace distill
