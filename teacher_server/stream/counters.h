// Counters: what a server has done since it started.
#pragma once

#include <atomic>
#include <cstdint>

namespace distill {

// A request and its samples count as answered when the answer's write completed.
struct Counters {
  std::atomic<int64_t> samples_served{0};  // of requests answered OK
  std::atomic<int64_t> requests_ok{0};
  std::atomic<int64_t> requests_failed{0};   // answered with an Error
  std::atomic<int64_t> requests_dropped{0};  // the stream ended before their answers were written
  std::atomic<int64_t> streams{0};           // taken, open or ended
  std::atomic<int64_t> bytes_in{0};          // of messages
  std::atomic<int64_t> bytes_out{0};
};

}  // namespace distill
