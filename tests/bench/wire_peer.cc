#include "tests/bench/wire_peer.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"

namespace distill {
namespace {

// Connects the output of this process to the standard input of the peer, and the reverse.
struct Pipes {
  int to_peer[2];
  int from_peer[2];
};

absl::StatusOr<pid_t> Spawn(const WireSide& side, const std::string& socket, const Pipes& pipes) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipes.to_peer[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, pipes.from_peer[1], STDOUT_FILENO);
  std::string words[] = {"wire_bench", kWirePeerFlag, side.name, socket};
  char* const arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(),
                             nullptr};
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, "/proc/self/exe", &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error == 0) return pid;
  return absl::InternalError(absl::StrCat("cannot start a peer: ", std::strerror(error)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<WirePeer>> WirePeer::Start(const WireSide& side,
                                                          const std::string& socket_folder) {
  Pipes pipes;
  if (::pipe2(pipes.to_peer, O_CLOEXEC) != 0 || ::pipe2(pipes.from_peer, O_CLOEXEC) != 0) {
    return absl::InternalError(absl::StrCat("pipe2: ", std::strerror(errno)));
  }
  const absl::StatusOr<pid_t> pid = Spawn(side, absl::StrCat(socket_folder, "/", side.name), pipes);
  ::close(pipes.to_peer[0]);
  ::close(pipes.from_peer[1]);
  if (!pid.ok()) return pid.status();
  std::unique_ptr<WirePeer> peer(new WirePeer(*pid, pipes.to_peer[1]));
  FILE* const output = ::fdopen(pipes.from_peer[0], "r");
  char tcp[256], unix_socket[256];
  const bool serves = std::fscanf(output, "%255s %255s", tcp, unix_socket) == 2;
  std::fclose(output);
  if (!serves) return absl::InternalError(absl::StrCat("the peer '", side.name, "' did not start"));
  peer->addresses_ = {.tcp = tcp, .unix_socket = unix_socket};
  return peer;
}

WirePeer::~WirePeer() {
  ::close(standard_input_);
  ::waitpid(pid_, nullptr, 0);
}

int RunWirePeer(const WireSide& side, const std::string& socket) {
  WireAddresses addresses;
  const auto server = side.serve(socket, &addresses);
  if (!server.ok()) {
    log::Error(server.status().message());
    return EXIT_FAILURE;
  }
  std::cout << addresses.tcp << " " << addresses.unix_socket << std::endl;
  std::cin.get();
  return EXIT_SUCCESS;
}

}  // namespace distill
