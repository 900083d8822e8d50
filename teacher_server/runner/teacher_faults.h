// TeacherFaults: what a client is told of a teacher's own failure, and what the log is told.
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/status/status.h"

namespace distill {

// Thread-safe.
class TeacherFaults {
 public:
  // Returns the status that a client sees; `detail` goes to the log, the 1st, 2nd, 4th, 8th … time.
  absl::Status Report(const absl::Status& detail);

 private:
  std::atomic<uint64_t> faults_ = 0;
};

}  // namespace distill
