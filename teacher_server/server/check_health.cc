#include "teacher_server/server/check_health.h"

#include <google/protobuf/wrappers.pb.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <chrono>
#include <memory>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/rpc/address.h"
#include "common/rpc/grpc_log.h"

namespace distill {
namespace {

constexpr char kCheck[] = "/grpc.health.v1.Health/Check";
constexpr int kServing = 1;

absl::string_view StatusName(int status) {
  switch (status) {
    case kServing:
      return "SERVING";
    case 2:
      return "NOT_SERVING";
    default:
      return "UNKNOWN";
  }
}

}  // namespace

absl::Status CheckHealth(const std::string& address, const ClientSecurity& security,
                         absl::Duration timeout) {
  ASSIGN_OR_RETURN(const Address parsed, ParseAddress(address));
  ASSIGN_OR_RETURN(const auto credentials, MakeChannelCredentials(security));
  SilenceGrpcLog();
  const std::shared_ptr<grpc::Channel> channel =
      grpc::CreateChannel(parsed.ToString(), credentials);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(timeout));
  // HealthCheckRequest{string service = 1} and HealthCheckResponse{ServingStatus status = 1} look
  // the same on the wire as these. Debian does not package health.proto.
  const google::protobuf::StringValue request;
  google::protobuf::Int32Value response;
  const grpc::internal::RpcMethod method(kCheck, grpc::internal::RpcMethod::NORMAL_RPC, channel);
  const grpc::Status status =
      grpc::internal::BlockingUnaryCall(channel.get(), method, &context, request, &response);
  if (!status.ok()) {
    return absl::UnavailableError(
        absl::StrCat(address, " does not say how it is: ", status.error_message()));
  }
  if (response.value() == kServing) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat(address, ": the server is ", StatusName(response.value())));
}

}  // namespace distill
