#include "teacher_server/admission/listen.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"

namespace distill {
namespace {

// The errno of binding and listening there; 0 if it works.
int TryToListen(const addrinfo& address) {
  const int probe =
      ::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC, address.ai_protocol);
  if (probe < 0) return errno;
  const int on = 1;
  ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const bool listening =
      ::bind(probe, address.ai_addr, address.ai_addrlen) == 0 && ::listen(probe, 1) == 0;
  const int error = listening ? 0 : errno;
  ::close(probe);
  return error;
}

}  // namespace

absl::Status WhyNotListening(const Address& address) {
  const std::string prefix = absl::StrCat("cannot listen on ", address.ToString(), ": ");
  if (address.kind == Address::Kind::kUnix) {
    return absl::InternalError(absl::StrCat(prefix, "the socket cannot be made"));
  }
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int failed =
      ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (failed != 0) return absl::InternalError(absl::StrCat(prefix, ::gai_strerror(failed)));
  int error = 0;
  for (const addrinfo* each = found; each != nullptr && error == 0; each = each->ai_next) {
    error = TryToListen(*each);
  }
  ::freeaddrinfo(found);
  if (error == EADDRINUSE) return absl::FailedPreconditionError(prefix + "address in use");
  return absl::InternalError(prefix + (error != 0 ? std::strerror(error) : "gRPC cannot bind it"));
}

}  // namespace distill
