// StreamAccount: reports what one stream does to the server's metrics and log.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "teacher_server/metrics/metrics.h"
#include "teacher_server/stream/stream_session.h"

namespace distill {

// Not thread-safe: its stream locks. The metrics must outlive it.
class StreamAccount {
 public:
  // `token`: the name of the stream's, empty if it has none.
  StreamAccount(uint64_t stream, std::string token, Metrics& metrics);

  bool opened() const { return model_ != nullptr; }
  void Opened(const ServedTeacher& teacher, const StreamTerms& terms);

  // A message of so many bytes. Those of a stream that was never opened are logged only.
  void Received(int64_t bytes);
  void Written(const StreamSession::Outgoing& written);

  // Once, last: logs the line that says how the stream ended and what it has done. `dropped`:
  // requests whose answers had not been written.
  void Ended(const absl::Status& end, int64_t dropped);

 private:
  void RequestFailed(const StreamSession::Outgoing& error);

  const uint64_t stream_;
  const std::string token_;
  Metrics& metrics_;
  const absl::Time begin_;
  ModelMetrics* model_ = nullptr;  // null before the stream was opened
  std::string client_;
  int64_t requests_ok_ = 0;
  int64_t requests_failed_ = 0;
  int64_t samples_ = 0;
  int64_t bytes_in_ = 0;
  int64_t bytes_out_ = 0;
};

}  // namespace distill
