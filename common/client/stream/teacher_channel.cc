#include "common/client/stream/teacher_channel.h"

#include <grpc/impl/codegen/grpc_types.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/address.h"
#include "common/rpc/convert.h"
#include "common/rpc/proxy.h"
#include "distill/v1/teacher.grpc.pb.h"

namespace distill {
namespace {

constexpr int kKeepaliveMs = 60'000;
constexpr int kKeepaliveTimeoutMs = 20'000;
constexpr int kFrameBytes = 1 << 20;
constexpr int kMeasuredCalls = 4;
// A line of this machine takes a fraction of a millisecond.
constexpr absl::Duration kLongRoundTrip = absl::Milliseconds(3);
constexpr int64_t kMeasuredMessageBytes = 4 << 20;

}  // namespace

bool MayBeTunnel(const StreamTarget& target) {
  const absl::StatusOr<Address> parsed = ParseAddress(target.target);
  return parsed.ok() && parsed->kind == Address::Kind::kTcp && IsLoopback(*parsed);
}

std::shared_ptr<grpc::Channel> MakeChannel(const StreamTarget& target,
                                           const ClientCredentials& credentials,
                                           int64_t max_message_bytes) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(
      static_cast<int>(std::min<int64_t>(max_message_bytes, std::numeric_limits<int>::max())));
  arguments.SetMaxSendMessageSize(-1);  // requests are cut by the server's limits
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, kFrameBytes);
  // A connection of its own, so that this attempt is neither delayed nor failed by an earlier one.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // The caller does the retries; gRPC would keep copies of what is sent.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // gRPC's window grows to several MiB. A long line needs that. On the loopback interface TCP
  // queues all of it, in more memory than the caches hold; a Unix socket takes little at a time.
  if (MayBeTunnel(target) && !target.long_line) arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  const std::string& name = target.server_name.empty() ? target.authority : target.server_name;
  if (!name.empty()) arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, name);
  // gRPC would compare no_proxy with the address that is dialled.
  const absl::StatusOr<Address> named =
      ParseAddress(target.authority.empty() ? target.target : target.authority);
  if (!named.ok() || !ProxyFor(*named).has_value()) {
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  }
  return grpc::CreateCustomChannel(target.target, credentials.channel, arguments);
}

absl::StatusOr<bool> IsLongLine(const StreamTarget& target, const ClientCredentials& credentials,
                                absl::Time deadline, const std::stop_token& stop) {
  const auto stub = v1::Teacher::NewStub(MakeChannel(target, credentials, kMeasuredMessageBytes));
  for (int i = 0; i < kMeasuredCalls; ++i) {
    grpc::ClientContext context;
    const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
    context.set_deadline(absl::ToChronoTime(deadline));
    if (!credentials.token.empty()) {
      context.AddMetadata("authorization", absl::StrCat("Bearer ", credentials.token));
    }
    v1::GetModelResponse response;
    const absl::Time begin = absl::Now();
    const grpc::Status status = stub->GetModel(&context, v1::GetModelRequest(), &response);
    if (i == 0) {  // which has connected, too
      // A server that does not know the call answers as fast.
      if (!status.ok() && status.error_code() != grpc::StatusCode::UNIMPLEMENTED) {
        return FromGrpc(status);
      }
    } else if (absl::Now() - begin < kLongRoundTrip) {
      return false;
    }
  }
  return true;
}

}  // namespace distill
