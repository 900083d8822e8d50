// The bytes alone: blocking sockets, with one write and one read per message.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/rpc/address.h"
#include "tests/bench/wire_side.h"

namespace distill {
namespace {

absl::Status SystemError(absl::string_view what) {
  return absl::InternalError(absl::StrCat(what, ": ", std::strerror(errno)));
}

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }

  int fd() const { return fd_; }

  absl::Status Write(const std::string& bytes) const {
    for (size_t done = 0; done < bytes.size();) {
      const ssize_t n = ::send(fd_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
      if (n < 0) return SystemError("send");
      done += static_cast<size_t>(n);
    }
    return absl::OkStatus();
  }

  absl::Status Read(std::string& bytes) const {
    for (size_t done = 0; done < bytes.size();) {
      const ssize_t n = ::recv(fd_, bytes.data() + done, bytes.size() - done, 0);
      if (n < 0) return SystemError("recv");
      if (n == 0) return absl::OutOfRangeError("the peer has closed the connection");
      done += static_cast<size_t>(n);
    }
    return absl::OkStatus();
  }

 private:
  int fd_;
};

// A socket address in the form of the system calls.
struct SocketAddress {
  union {
    sockaddr any;
    sockaddr_in tcp;
    sockaddr_un unix_socket;
  } as = {};
  socklen_t size = 0;
};

absl::StatusOr<SocketAddress> Resolve(const std::string& text) {
  ASSIGN_OR_RETURN(const Address address, ParseAddress(text));
  SocketAddress result;
  if (address.kind == Address::Kind::kUnix) {
    result.as.unix_socket.sun_family = AF_UNIX;
    address.path.copy(result.as.unix_socket.sun_path, sizeof(result.as.unix_socket.sun_path) - 1);
    result.size = sizeof(result.as.unix_socket);
  } else {
    result.as.tcp.sin_family = AF_INET;
    result.as.tcp.sin_port = htons(static_cast<uint16_t>(address.port));
    ::inet_pton(AF_INET, address.host.c_str(), &result.as.tcp.sin_addr);
    result.size = sizeof(result.as.tcp);
  }
  return result;
}

void SetNoDelay(const Socket& socket) {
  const int on = 1;  // has no effect on a Unix socket
  ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

// Returns the sizes, which are sent once, before all messages.
std::string SizesOf(const WireExchange& exchange) {
  const int64_t sizes[] = {exchange.request_bytes(), exchange.answer_bytes()};
  return std::string(reinterpret_cast<const char*>(sizes), sizeof(sizes));
}

// Answers a connection until it ends.
void Answer(const Socket& socket) {
  int64_t sizes[2] = {};
  std::string first(sizeof(sizes), '\0');
  if (!socket.Read(first).ok()) return;
  std::memcpy(sizes, first.data(), sizeof(sizes));
  std::string request(static_cast<size_t>(sizes[0]), '\0');
  const std::string answer(static_cast<size_t>(sizes[1]), 'a');
  while (socket.Read(request).ok() && socket.Write(answer).ok()) {
  }
}

// Serves one connection after the other until the process ends.
class SocketServer final : public WireServer {
 public:
  // Listens on the address, and returns it with its real port.
  absl::StatusOr<std::string> Listen(const std::string& text) {
    ASSIGN_OR_RETURN(SocketAddress address, Resolve(text));
    Socket listener(::socket(address.as.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::bind(listener.fd(), &address.as.any, address.size) != 0) return SystemError("bind");
    if (::listen(listener.fd(), 1) != 0) return SystemError("listen");
    ::getsockname(listener.fd(), &address.as.any, &address.size);
    std::thread([listener = std::move(listener)] {
      while (true) {
        const Socket socket(::accept(listener.fd(), nullptr, nullptr));
        if (socket.fd() < 0) return;
        SetNoDelay(socket);
        Answer(socket);
      }
    }).detach();
    if (address.as.any.sa_family == AF_UNIX) return text;
    return absl::StrCat("127.0.0.1:", ntohs(address.as.tcp.sin_port));
  }
};

absl::StatusOr<std::unique_ptr<WireServer>> Serve(const std::string& socket,
                                                  WireAddresses* addresses) {
  auto server = std::make_unique<SocketServer>();
  ASSIGN_OR_RETURN(addresses->tcp, server->Listen("127.0.0.1:0"));
  ASSIGN_OR_RETURN(addresses->unix_socket, server->Listen(absl::StrCat("unix:", socket)));
  return std::unique_ptr<WireServer>(std::move(server));
}

class SocketClient final : public WireClient {
 public:
  SocketClient(Socket socket, const WireExchange& exchange)
      : socket_(std::move(socket)),
        request_(static_cast<size_t>(exchange.request_bytes()), 'r'),
        answer_(static_cast<size_t>(exchange.answer_bytes()), '\0') {}

  absl::Status Send() override { return socket_.Write(request_); }
  absl::Status Receive() override { return socket_.Read(answer_); }

 private:
  const Socket socket_;
  const std::string request_;
  std::string answer_;
};

absl::StatusOr<std::unique_ptr<WireClient>> Connect(const std::string& text,
                                                    const WireExchange& exchange) {
  ASSIGN_OR_RETURN(const SocketAddress address, Resolve(text));
  Socket socket(::socket(address.as.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(socket.fd(), &address.as.any, address.size) != 0) return SystemError("connect");
  SetNoDelay(socket);
  RETURN_IF_ERROR(socket.Write(SizesOf(exchange)));
  return std::make_unique<SocketClient>(std::move(socket), exchange);
}

}  // namespace

const WireSide kWireSockets = {"sockets", Serve, Connect};

}  // namespace distill
