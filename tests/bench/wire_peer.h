// WirePeer runs the server of a side in its own process, which is another instance of this program.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tests/bench/wire_side.h"

namespace distill {

// The process ends with the object, or with this process if that ends first.
class WirePeer {
 public:
  // Starts the process and waits until it serves. Its socket is SOCKET_FOLDER/NAME-OF-SIDE.
  static absl::StatusOr<std::unique_ptr<WirePeer>> Start(const WireSide& side,
                                                         const std::string& socket_folder);
  ~WirePeer();
  WirePeer(const WirePeer&) = delete;
  WirePeer& operator=(const WirePeer&) = delete;

  const WireAddresses& addresses() const { return addresses_; }

 private:
  WirePeer(pid_t pid, int standard_input) : pid_(pid), standard_input_(standard_input) {}

  const pid_t pid_;
  const int standard_input_;
  WireAddresses addresses_;
};

// Runs in the other process: serves until its standard input ends. Returns the exit code.
int RunWirePeer(const WireSide& side, const std::string& socket);

inline constexpr char kWirePeerFlag[] = "--peer";  // --peer SIDE SOCKET

}  // namespace distill
