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

// kAuto: if it listens on TCP beyond the loopback interface, and max_bytes allows each stream five
// messages.
enum class ReadAhead { kAuto, kOn, kOff };

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

  ReadAhead read_ahead = ReadAhead::kAuto;

  // Whether what arrives of a stream before it is read may grow with its line. A long line needs
  // it; through the memory of one machine, which is fast anyway, more goes without.
  bool ReadsAhead() const;

  // What may be in flight, inputs and their answers: two fifths of max_bytes, or nine
  // tenths; the rest is for memory that is free between what is used.
  int64_t InFlightBytes() const;

  // What may have been received, inputs in flight among it: three fifths of max_bytes, or all of
  // it.
  int64_t ReceivedBytes() const;

  // INVALID_ARGUMENT names the field, its value and what is allowed. Does not read any file.
  absl::Status Validate() const;

  // Reads the certificates, keys and tokens: what Start would refuse, before a model is loaded.
  absl::Status CheckFiles() const;
};

// The tokens of the options' file; null where none are needed. The clock must outlive them.
absl::StatusOr<std::unique_ptr<Tokens>> OpenTokens(const ServerOptions& options, Clock& clock);

}  // namespace distill
