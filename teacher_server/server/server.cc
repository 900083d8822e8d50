#include "teacher_server/server/server.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/rpc/address.h"
#include "common/rpc/grpc_log.h"
#include "common/rpc/receive_memory.h"
#include "teacher_server/admission/access.h"
#include "teacher_server/admission/budget.h"
#include "teacher_server/admission/listen.h"
#include "teacher_server/admission/unix_socket.h"
#include "teacher_server/server/teacher_service.h"

namespace distill {
namespace {

// What may arrive unread at first.
constexpr int kUnreadBytes = 256 << 10;
// Reflection alone is not asynchronous: each of its calls takes a thread.
constexpr int kMaxReflectionThreads = 16;
// Calls on one connection, beside the streams that the server takes.
constexpr int kMoreCalls = 16;
// For clients to read what was written, once the last stream has ended.
constexpr absl::Duration kMaxFarewell = absl::Seconds(5);
constexpr char kServiceName[] = "distill.v1.Teacher";

// New files get `mode`, as long as this lives. The mask is the process's.
class FileMode {
 public:
  explicit FileMode(int mode) : before_(::umask(static_cast<mode_t>(~mode & 0777))) {}
  ~FileMode() { ::umask(before_); }
  FileMode(const FileMode&) = delete;
  FileMode& operator=(const FileMode&) = delete;

 private:
  const mode_t before_;
};

void Configure(const ServerOptions& options, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.limits.max_message_bytes));
  builder.SetMaxSendMessageSize(static_cast<int>(options.limits.max_message_bytes));
  // Two servers must not share a port unnoticed.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Clients may ask every 10 s whether the server lives, with no request in flight.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // A client whose machine vanished holds its stream for no longer than this.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, 1 << 20);
  // A connection that says nothing is closed.
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_streams + kMoreCalls);
  // What gRPC has received, whether it is read or not: as it comes near to this, gRPC lets less
  // arrive unread, and over it gRPC ends streams, such as those of messages that never end.
  grpc::ResourceQuota quota("teacher_server");
  quota.Resize(static_cast<size_t>(options.ReceivedBytes()));
  quota.SetMaxThreads(kMaxReflectionThreads);
  builder.SetResourceQuota(quota);
  // What may arrive of a stream that is not read: gRPC lets it grow with the line, or keeps it.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, options.ReadsAhead() ? 1 : 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kUnreadBytes);
  // Half a mebibyte of gzip can hold more than all of this.
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
}

// Keeps gRPC initialised: the shutdown of its last user waits for a thread that may poll for
// another 10 s.
void KeepGrpc() {
  static const bool kept = (grpc_init(), true);
  static_cast<void>(kept);
}

std::string HealthNameOf(absl::string_view model) { return absl::StrCat(kServiceName, "/", model); }

}  // namespace

// In order of lifetime: what is below uses what is above.
struct TeacherServer::Parts {
  std::vector<std::unique_ptr<UnixSocketClaim>> unix_sockets;
  std::vector<std::string> addresses;
  Clock* clock = nullptr;
  std::shared_ptr<ServedTeachers> teachers;
  Metrics* metrics = nullptr;
  std::shared_ptr<Budget> budget;
  std::unique_ptr<Access> access;
  std::unique_ptr<TeacherService> service;
  std::unique_ptr<grpc::Server> server;
};

absl::StatusOr<std::unique_ptr<TeacherServer>> TeacherServer::Start(
    const ServerOptions& options, absl::Span<const std::string> names, Metrics& metrics,
    Clock& clock) {
  RETURN_IF_ERROR(options.Validate());
  SilenceGrpcLog();
  KeepGrpc();
  KeepReceiveMemory();
  ASSIGN_OR_RETURN(const auto tls_credentials, MakeServerCredentials(options.tls));
  ASSIGN_OR_RETURN(std::unique_ptr<Tokens> tokens, OpenTokens(options, clock));
  auto parts = std::make_unique<Parts>();
  std::vector<Address> addresses;
  for (const std::string& text : options.listen) {
    ASSIGN_OR_RETURN(addresses.emplace_back(), ParseAddress(text));
    if (addresses.back().kind != Address::Kind::kUnix) continue;
    ASSIGN_OR_RETURN(auto claim, UnixSocketClaim::Take(addresses.back().path));
    parts->unix_sockets.push_back(std::move(claim));
  }
  parts->clock = &clock;
  parts->teachers = std::make_shared<ServedTeachers>(options.limits);
  parts->budget =
      std::make_shared<Budget>(BudgetLimits{.bytes = options.InFlightBytes(),
                                            .samples = options.max_samples,
                                            .stream_bytes = StreamReserve(options.limits),
                                            .max_streams = options.max_streams});
  parts->access = std::make_unique<Access>(options.max_streams, std::move(tokens));
  parts->metrics = &metrics;
  metrics.Watch(parts->budget);
  StreamContext context{
      .teachers = parts->teachers, .metrics = &metrics, .budget = parts->budget, .clock = &clock};
  parts->service = std::make_unique<TeacherService>(std::move(context), *parts->access);

  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  Configure(options, builder);
  std::vector<int> ports(addresses.size(), 0);
  for (size_t i = 0; i < addresses.size(); ++i) {
    const bool tcp = addresses[i].kind == Address::Kind::kTcp;
    builder.AddListeningPort(addresses[i].ToString(),
                             tcp ? tls_credentials : grpc::InsecureServerCredentials(), &ports[i]);
  }
  builder.RegisterService(parts->service.get());
  {
    const FileMode mode(options.socket_mode);
    parts->server = builder.BuildAndStart();
  }
  for (size_t i = 0; i < addresses.size(); ++i) {
    if (parts->server == nullptr && ports[i] == 0) return WhyNotListening(addresses[i]);
    if (addresses[i].kind == Address::Kind::kTcp) addresses[i].port = ports[i];
    parts->addresses.push_back(addresses[i].ToString());
  }
  if (parts->server == nullptr) return absl::InternalError("the gRPC server: it cannot be started");
  grpc::HealthCheckServiceInterface& health = *parts->server->GetHealthCheckService();
  health.SetServingStatus("", false);
  health.SetServingStatus(kServiceName, false);
  for (const std::string& name : names) health.SetServingStatus(HealthNameOf(name), false);
  return std::unique_ptr<TeacherServer>(new TeacherServer(std::move(parts)));
}

TeacherServer::TeacherServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

TeacherServer::~TeacherServer() { static_cast<void>(Drain(absl::ZeroDuration())); }

void TeacherServer::Serve(absl::Span<const ServedModel> models) {
  ServedTeachers::Teachers teachers;
  for (const ServedModel& model : models) {
    const std::string too_large = WhatNoMessageHolds(model.info, parts_->teachers->limits());
    if (!too_large.empty()) log::Warning(too_large);
    teachers.push_back(
        std::make_shared<const ServedTeacher>(ServedTeacher{.info = model.info,
                                                            .numerics = model.numerics,
                                                            .limits = parts_->teachers->limits(),
                                                            .batcher = model.batcher}));
  }
  parts_->teachers->Set(std::move(teachers));
  grpc::HealthCheckServiceInterface& health = *parts_->server->GetHealthCheckService();
  health.SetServingStatus("", true);
  health.SetServingStatus(kServiceName, true);
  for (const ServedModel& model : models) {
    health.SetServingStatus(HealthNameOf(model.info.name), true);
  }
}

const std::vector<std::string>& TeacherServer::addresses() const { return parts_->addresses; }

absl::Status TeacherServer::Drain(absl::Duration timeout) {
  parts_->server->GetHealthCheckService()->SetServingStatus(false);
  parts_->metrics->SetDraining();
  parts_->service->BeginDrain();
  const absl::Time deadline = parts_->clock->Now() + timeout;
  const int open = parts_->service->WaitForStreams(deadline);
  // What was written may not be read yet, and a client that meets a closed connection while it
  // sends loses it: gRPC closes a connection when the client has answered the ping after its
  // GOAWAY. What is open after that is cancelled.
  const absl::Duration left =
      open == 0 ? std::clamp(deadline - parts_->clock->Now(), absl::ZeroDuration(), kMaxFarewell)
                : absl::ZeroDuration();
  parts_->server->Shutdown(absl::ToChronoTime(absl::Now() + left));
  // Until gRPC has let go of every stream.
  parts_->service->WaitForStreams(absl::InfiniteFuture());
  if (open == 0) return absl::OkStatus();
  return absl::DeadlineExceededError(absl::StrCat("cannot drain within ",
                                                  absl::FormatDuration(timeout), ": ", open,
                                                  " streams were still open and are cancelled"));
}

}  // namespace distill
