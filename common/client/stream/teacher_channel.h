// The gRPC channel of a stream, set up for the line to its server.
#pragma once

#include <grpcpp/channel.h>

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/credentials.h"

namespace distill {

struct StreamTarget {
  std::string target;       // as gRPC takes it
  std::string authority;    // of the calls, and of the server's certificate; empty: the target's
  std::string server_name;  // that the certificate has instead; empty: none
  bool long_line = false;   // of a TCP address of this machine with a tunnel behind it
};

// Whether the address is one of this machine over TCP, behind which a tunnel may begin (ssh -L,
// kubectl port-forward): the line's length is to be measured.
bool MayBeTunnel(const StreamTarget& target);

// A channel of its own, not connected yet. Messages of more than `max_message_bytes` are not taken.
std::shared_ptr<grpc::Channel> MakeChannel(const StreamTarget& target,
                                           const ClientCredentials& credentials,
                                           int64_t max_message_bytes);

// Whether the line behind the address is long: the round trip of each of a few calls, on a
// connection of its own, takes longer than a line of this machine does. The call's error where the
// server does not answer the first by the deadline, or refuses it; CANCELLED where `stop` is
// requested.
absl::StatusOr<bool> IsLongLine(const StreamTarget& target, const ClientCredentials& credentials,
                                absl::Time deadline, const std::stop_token& stop);

}  // namespace distill
