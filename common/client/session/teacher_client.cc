#include "common/client/session/teacher_client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "common/client/session/teacher_connection.h"
#include "common/rpc/address.h"
#include "common/rpc/grpc_log.h"

namespace distill {
namespace {

constexpr size_t kMaxClientName = 128;

}  // namespace

std::vector<AskedOutput> TeacherClientOptions::AskedOutputs() const {
  if (!outputs.empty()) return outputs;
  return {{.name = kLogitsOutput, .spec = spec}};
}

absl::Status TeacherClientOptions::Validate() const {
  ASSIGN_OR_RETURN(const Address parsed, ParseAddress(address));
  if (parsed.kind == Address::Kind::kTcp && parsed.port == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "address '", address, "': port 0 is for listening alone; name the server's port"));
  }
  RETURN_IF_ERROR(CheckZone(parsed));
  if (client_name.size() > kMaxClientName) {
    return InvalidValue("the length of client_name", absl::StrCat(client_name.size(), " bytes"),
                        absl::StrCat("at most ", kMaxClientName));
  }
  RETURN_IF_ERROR(CheckMoreThan("connect_timeout", connect_timeout, absl::ZeroDuration()));
  RETURN_IF_ERROR(CheckAtLeast("max_message_bytes", max_message_bytes, 1));
  RETURN_IF_ERROR(security.Validate(parsed));
  return backoff.Validate();
}

std::string TeacherClientOptions::TeacherName() const {
  return ip.empty() ? address : absl::StrCat(address, " (", ip, ")");
}

absl::StatusOr<std::unique_ptr<TeacherClient>> TeacherClient::Connect(
    const TeacherClientOptions& options, Clock& clock) {
  RETURN_IF_ERROR(options.Validate());
  SilenceGrpcLog();
  auto connection = std::make_shared<TeacherConnection>(options, clock);
  connection->Start(clock.Now() + options.connect_timeout);
  std::unique_ptr<TeacherClient> client(new TeacherClient(std::move(connection)));
  RETURN_IF_ERROR(client->connection_->AwaitFirstStream());
  return client;
}

std::unique_ptr<TeacherClient> TeacherClient::Start(const TeacherClientOptions& options,
                                                    Clock& clock, std::function<void()> listener) {
  SilenceGrpcLog();
  auto connection = std::make_shared<TeacherConnection>(options, clock);
  connection->SetStateListener(std::move(listener));
  connection->Start(absl::InfiniteFuture());
  return std::unique_ptr<TeacherClient>(new TeacherClient(std::move(connection)));
}

TeacherClient::TeacherClient(std::shared_ptr<TeacherConnection> connection)
    : connection_(std::move(connection)) {}

TeacherClient::~TeacherClient() { Stop(); }

const Granted& TeacherClient::granted() const { return connection_->granted(); }

absl::StatusOr<uint64_t> TeacherClient::Send(SoftTargetRequest request, Callback callback) {
  return connection_->Send(std::move(request), std::move(callback));
}

bool TeacherClient::AbandonWhileLost(absl::Span<const uint64_t> ids) {
  return connection_->AbandonWhileLost(ids);
}

void TeacherClient::GiveBackUntaken() { connection_->GiveBackUntaken(); }

bool TeacherClient::attempted() const { return connection_->attempted(); }
bool TeacherClient::starting() const { return connection_->starting(); }
bool TeacherClient::may_come_later() const { return connection_->may_come_later(); }
TeacherState TeacherClient::state() const { return connection_->state(); }
absl::Status TeacherClient::status() const { return connection_->status(); }
absl::Status TeacherClient::last_loss() const { return connection_->last_loss(); }

void TeacherClient::SetStateListener(std::function<void()> listener) {
  connection_->SetStateListener(std::move(listener));
}

ClientStats TeacherClient::stats() const { return connection_->stats(); }
int64_t TeacherClient::samples_in_flight() const { return connection_->samples_in_flight(); }
void TeacherClient::Stop() { connection_->Stop(); }

}  // namespace distill
