// The benchmark `wire` compares the same exchanges of messages in several ways (sides), each
// between two processes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace distill {

// A request of samples, and its answer of float32 rows. Only these bytes count; the bytes that a
// side adds are its overhead.
struct WireExchange {
  const char* name;
  int64_t samples;
  int64_t sample_bytes;
  int64_t classes;
  int64_t messages;  // of one measurement
  // Requests in flight. The credits of a server allow sixteen requests of 256 samples, its byte
  // limit per stream eight of 1 MiB.
  int in_flight = 8;
  bool long_line = false;  // over a round trip of kLongRoundTrip

  int64_t request_bytes() const { return samples * sample_bytes; }
  int64_t answer_bytes() const { return samples * classes * static_cast<int64_t>(sizeof(float)); }
};

inline constexpr WireExchange kWireExchanges[] = {
    // Soft targets: answers of 1 MiB to requests of 1 KiB.
    {.name = "down", .samples = 256, .sample_bytes = 4, .classes = 1024, .messages = 512},
    // Images: requests of 1 MiB, answers of 2 KiB.
    {.name = "up", .samples = 256, .sample_bytes = 64 * 64, .classes = 2, .messages = 512},
    // Answers of 1 KiB to requests of 4 bytes.
    {.name = "small", .samples = 1, .sample_bytes = 4, .classes = 256, .messages = 8192},
    // As up and down, over a long line, with as many in flight as a trainer has.
    {.name = "long_down",
     .samples = 256,
     .sample_bytes = 4,
     .classes = 1024,
     .messages = 256,
     .in_flight = 16,
     .long_line = true},
    {.name = "long_up",
     .samples = 256,
     .sample_bytes = 64 * 64,
     .classes = 2,
     .messages = 256,
     .in_flight = 16,
     .long_line = true},
    // What the long line itself carries: the sockets alone, with more in flight than it holds.
    {.name = "line",
     .samples = 256,
     .sample_bytes = 64 * 64,
     .classes = 2,
     .messages = 512,
     .in_flight = 128,
     .long_line = true},
};

inline constexpr absl::Duration kLongRoundTrip = absl::Milliseconds(40);

// The client of one connection. Called from one thread.
class WireClient {
 public:
  virtual ~WireClient() = default;

  // Sends a request. May block until the server has read, while the exchange's in_flight or fewer
  // are in flight.
  virtual absl::Status Send() = 0;

  // Waits for an answer, and copies its payload once, into memory that is reused.
  virtual absl::Status Receive() = 0;
};

// A server that accepts clients of any exchange until it is destroyed.
class WireServer {
 public:
  virtual ~WireServer() = default;
};

// A side serves a Unix socket at `socket` and any free port of 127.0.0.1.
struct WireAddresses {
  std::string tcp;
  std::string unix_socket;
};

struct WireSide {
  const char* name;
  absl::StatusOr<std::unique_ptr<WireServer>> (*serve)(const std::string& socket,
                                                       WireAddresses* addresses);
  absl::StatusOr<std::unique_ptr<WireClient>> (*connect)(const std::string& address,
                                                         const WireExchange& exchange);
};

extern const WireSide kWireSockets;      // the bytes alone
extern const WireSide kWireProtobuf;     // a plain gRPC service with generated code
extern const WireSide kWireStream;       // TeacherServer and TeacherClient
extern const WireSide kWireStreamAhead;  // the same, for clients at the end of a long line

}  // namespace distill
