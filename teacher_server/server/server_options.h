// ServerOptions: what an operator decides about the network side of a server.
//
// This header holds no gRPC type.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/contract/limits.h"
#include "common/rpc/credentials.h"
#include "teacher_server/admission/tokens.h"

namespace distill {

struct ServerOptions {
  std::vector<std::string> listen;  // as ParseAddress takes them, at least one
  // Of the TCP addresses. A Unix socket is guarded by its mode.
  ServerTls tls;
  std::filesystem::path token_file;  // tokens.h; empty: no token is needed
  bool allow_insecure = false;       // TCP beyond the loopback interface without TLS
  int socket_mode = 0600;            // of Unix sockets
  StreamLimits limits;
  int max_streams = 64;       // open at once
  int streams_per_token = 0;  // where the token file says nothing else; 0: max_streams
  // What all streams together may hold: inputs and answers in flight, and what has arrived and is
  // not read yet.
  int64_t max_bytes = int64_t{5} << 29;
  int64_t max_samples = 65536;

  // What may arrive of a stream that is not read: the window that its client sees, so that a stream
  // over a line of round trip t carries at most this in t. A quarter of what max_bytes leaves
  // beside the streams' reserves, from 256 KiB to 16 MiB.
  int64_t UnreadBytes() const;

  // What is left for what is in flight.
  int64_t InFlightBytes() const;

  // INVALID_ARGUMENT names the field, its value and what is allowed. Does not read any file.
  absl::Status Validate() const;

  // Reads the certificates, keys and tokens: what Start would refuse, before a model is loaded.
  absl::Status CheckFiles() const;
};

// The tokens of the options' file; null where none are needed. The clock must outlive them.
absl::StatusOr<std::unique_ptr<Tokens>> OpenTokens(const ServerOptions& options, Clock& clock);

}  // namespace distill
