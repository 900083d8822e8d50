#include "teacher_server/server/check_health.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>

#include <chrono>
#include <memory>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/rpc/address.h"
#include "common/rpc/connect_errors.h"
#include "common/rpc/convert.h"
#include "common/rpc/grpc_log.h"
#include "common/rpc/proxy.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace distill {

absl::Status CheckHealth(const std::string& address, const ClientSecurity& security,
                         absl::Duration timeout) {
  ASSIGN_OR_RETURN(const Address parsed, ParseAddress(address));
  RETURN_IF_ERROR(CheckZone(parsed));
  ASSIGN_OR_RETURN(const auto credentials, MakeChannelCredentials(security));
  SilenceGrpcLog();
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, ProxyFor(parsed).has_value() ? 1 : 0);
  if (!security.server_name.empty()) {
    arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, security.server_name);
  }
  const std::shared_ptr<grpc::Channel> channel =
      grpc::CreateCustomChannel(parsed.ToString(), credentials, arguments);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(timeout));
  grpc::health::v1::HealthCheckResponse response;
  const grpc::Status status = grpc::health::v1::Health::NewStub(channel)->Check(
      &context, grpc::health::v1::HealthCheckRequest(), &response);
  if (!status.ok()) {
    const absl::Status end = FromGrpc(status);
    return absl::UnavailableError(absl::StrCat(address, " does not report its health",
                                               ConnectErrorText(address, security, end),
                                               CertificateNamesHint(address, "", end)));
  }
  if (response.status() == grpc::health::v1::HealthCheckResponse::SERVING) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(
      absl::StrCat(address, ": the server is ",
                   grpc::health::v1::HealthCheckResponse::ServingStatus_Name(response.status())));
}

}  // namespace distill
