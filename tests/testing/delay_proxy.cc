#include "tests/testing/delay_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

constexpr size_t kPieceBytes = size_t{256} << 10;

absl::Status SystemError(absl::string_view what) {
  return absl::InternalError(absl::StrCat(what, ": ", std::strerror(errno)));
}

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

void SendAtOnce(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

// One direction of a connection.
class Line {
 public:
  Line(int from, int to, absl::Duration delay)
      : from_(from), to_(to), delay_(delay), reader_([this] { Read(); }), writer_([this] {
          Write();
        }) {}
  ~Line() {
    reader_.join();
    writer_.join();
  }

 private:
  struct Piece {
    absl::Time due;
    std::string bytes;  // empty: the end
  };

  void Read() {
    for (bool open = true; open;) {
      std::string bytes(kPieceBytes, '\0');
      const ssize_t n = ::recv(from_, bytes.data(), bytes.size(), 0);
      open = n > 0;
      bytes.resize(open ? static_cast<size_t>(n) : 0);
      const MutexLock lock(mutex_);
      pieces_.push_back({absl::Now() + delay_, std::move(bytes)});
      changed_.NotifyAll();
    }
  }

  Piece Next() {
    const MutexLock lock(mutex_);
    while (pieces_.empty()) changed_.Wait(mutex_);
    Piece piece = std::move(pieces_.front());
    pieces_.pop_front();
    return piece;
  }

  void Write() {
    while (true) {
      const Piece piece = Next();
      absl::SleepFor(piece.due - absl::Now());
      for (size_t done = 0; done < piece.bytes.size();) {
        const ssize_t n =
            ::send(to_, piece.bytes.data() + done, piece.bytes.size() - done, MSG_NOSIGNAL);
        if (n < 0) break;
        done += static_cast<size_t>(n);
      }
      if (!piece.bytes.empty()) continue;
      ::shutdown(to_, SHUT_WR);
      return;
    }
  }

  const int from_;
  const int to_;
  const absl::Duration delay_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<Piece> pieces_ ABSL_GUARDED_BY(mutex_);
  std::thread reader_;
  std::thread writer_;
};

}  // namespace

struct DelayProxy::Connection {
  Connection(FileDescriptor client_fd, FileDescriptor server_fd, absl::Duration delay)
      : client(std::move(client_fd)),
        server(std::move(server_fd)),
        up(client.get(), server.get(), delay),
        down(server.get(), client.get(), delay) {}

  void End() const {
    ::shutdown(client.get(), SHUT_RDWR);
    ::shutdown(server.get(), SHUT_RDWR);
  }

  const FileDescriptor client;
  const FileDescriptor server;
  Line up;
  Line down;
};

absl::StatusOr<std::unique_ptr<DelayProxy>> DelayProxy::Start(int to, absl::Duration delay) {
  FileDescriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  if (::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener.get(), SOMAXCONN) != 0 ||
      ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return SystemError("cannot listen");
  }
  return std::unique_ptr<DelayProxy>(
      new DelayProxy(std::move(listener), ntohs(address.sin_port), to, delay));
}

DelayProxy::DelayProxy(FileDescriptor listener, int port, int to, absl::Duration delay)
    : listener_(std::move(listener)), port_(port), to_(to), delay_(delay), thread_([this] {
        Accept();
      }) {}

DelayProxy::~DelayProxy() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  thread_.join();
  const MutexLock lock(mutex_);
  for (const auto& connection : connections_) connection->End();
  connections_.clear();
}

std::string DelayProxy::address() const { return absl::StrCat("127.0.0.1:", port_); }

void DelayProxy::Accept() {
  while (true) {
    FileDescriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (client.get() < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (client.get() < 0) return;
    FileDescriptor server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = Loopback(to_);
    if (::connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
        0) {
      continue;
    }
    SendAtOnce(client.get());
    SendAtOnce(server.get());
    const MutexLock lock(mutex_);
    connections_.push_back(
        std::make_unique<Connection>(std::move(client), std::move(server), delay_));
  }
}

}  // namespace distill
