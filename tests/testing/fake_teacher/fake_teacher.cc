#include "tests/testing/fake_teacher/fake_teacher.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/mutex.h"
#include "common/rpc/convert.h"
#include "common/rpc/credentials.h"
#include "distill/v1/teacher.grpc.pb.h"
#include "tests/testing/await.h"
#include "tests/testing/fake_teacher/state.h"
#include "tests/testing/fake_teacher/stream.h"
#include "tests/testing/temp_dir.h"

namespace distill::testing {
namespace {

class Service : public v1::Teacher::CallbackService {
 public:
  explicit Service(FakeTeacherState& state) : state_(state) {}

  grpc::ServerBidiReactor<v1::DistillRequest, v1::DistillResponse>* Distill(
      grpc::CallbackServerContext* context) override {
    return new FakeStream(state_, *context);
  }

 private:
  FakeTeacherState& state_;
};

}  // namespace

struct FakeTeacher::Server {
  explicit Server(FakeTeacherOptions options)
      : host(options.host), port(options.port), state{.options = std::move(options)} {}

  const TempDir folder;
  const std::string host;
  int port;
  FakeTeacherState state;
  Service service{state};
  std::unique_ptr<grpc::Server> grpc_server;
};

FakeTeacher::FakeTeacher(FakeTeacherOptions options)
    : server_(std::make_unique<Server>(std::move(options))) {}

FakeTeacher::~FakeTeacher() { Kill(); }

int FakeTeacher::port() const { return server_->port; }

std::string FakeTeacher::address() const {
  if (!server_->host.empty()) return absl::StrCat(server_->host, ":", server_->port);
  return absl::StrCat("unix:", (server_->folder / "teacher.sock").string());
}

void FakeTeacher::Start() {
  ServerTls tls;
  {
    MutexLock lock(server_->state.mutex);
    server_->state.script.draining = false;
    tls = server_->state.options.tls;
  }
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address(), MakeServerCredentials(tls).value(), &port);
  builder.SetMaxReceiveMessageSize(64 << 20);
  builder.RegisterService(&server_->service);
  server_->grpc_server = builder.BuildAndStart();
  if (!server_->host.empty()) server_->port = port;
}

void FakeTeacher::Kill() {
  if (server_->grpc_server == nullptr) return;
  server_->grpc_server->Shutdown(std::chrono::system_clock::now());
  server_->grpc_server.reset();
  MutexLock lock(server_->state.mutex);
  while (!server_->state.streams.empty()) server_->state.changed.Wait(server_->state.mutex);
}

// The three that call streams are not analysed: clang does not see that their lock is this one.
void FakeTeacher::Drain() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  MutexLock lock(server_->state.mutex);
  server_->state.script.draining = true;
  for (FakeStream* stream : server_->state.streams) stream->TellDraining();
}

void FakeTeacher::Release(ReleaseOrder order) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  MutexLock lock(server_->state.mutex);
  server_->state.script.holding = false;
  for (FakeStream* stream : server_->state.streams) stream->ReleaseHeld(order);
}

void FakeTeacher::EndStreams(absl::Status status) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  MutexLock lock(server_->state.mutex);
  for (FakeStream* stream : server_->state.streams) stream->End(ToGrpc(status));
}

void FakeTeacher::HoldAnswers() {
  MutexLock lock(server_->state.mutex);
  server_->state.script.holding = true;
}

void FakeTeacher::DropStreamAfter(int answers) {
  MutexLock lock(server_->state.mutex);
  server_->state.script.drop_after = answers;
}

void FakeTeacher::SpoilNextAnswer(AnswerFault fault) {
  MutexLock lock(server_->state.mutex);
  server_->state.script.fault = fault;
}

void FakeTeacher::FailNextRequest(absl::Status status) {
  MutexLock lock(server_->state.mutex);
  server_->state.script.request_error = std::move(status);
}

void FakeTeacher::RefuseOpens(absl::Status status) {
  MutexLock lock(server_->state.mutex);
  server_->state.script.open_error = std::move(status);
}

void FakeTeacher::IgnoreOpens() {
  MutexLock lock(server_->state.mutex);
  server_->state.script.ignoring_opens = true;
}

void FakeTeacher::SetOptions(FakeTeacherOptions options) {
  MutexLock lock(server_->state.mutex);
  server_->state.options = std::move(options);
}

FakeTeacherOptions FakeTeacher::options() const {
  MutexLock lock(server_->state.mutex);
  return server_->state.options;
}

std::vector<SeenRequest> FakeTeacher::requests() const {
  MutexLock lock(server_->state.mutex);
  return server_->state.requests;
}

std::vector<SeenOpen> FakeTeacher::opens() const {
  MutexLock lock(server_->state.mutex);
  return server_->state.opens;
}

int64_t FakeTeacher::most_samples_in_flight() const {
  MutexLock lock(server_->state.mutex);
  return server_->state.most_samples_in_flight;
}

void FakeTeacher::WaitForRequests(size_t count) const {
  FakeTeacherState& state = server_->state;
  Patience patience(absl::StrCat(address(), " has had ", count, " requests"));
  MutexLock lock(state.mutex);
  while (state.requests.size() < count && patience.Wait(state.changed, state.mutex)) {
  }
}

void FakeTeacher::WaitForOpens(size_t count) const {
  FakeTeacherState& state = server_->state;
  Patience patience(absl::StrCat(address(), " has had ", count, " opens"));
  MutexLock lock(state.mutex);
  while (state.opens.size() < count && patience.Wait(state.changed, state.mutex)) {
  }
}

bool FakeTeacher::SeesOpenWithin(absl::Duration time) const {
  FakeTeacherState& state = server_->state;
  const absl::Time deadline = absl::Now() + time;
  MutexLock lock(state.mutex);
  while (state.opens.empty() && absl::Now() < deadline) {
    state.changed.WaitUntil(state.mutex, deadline);
  }
  return !state.opens.empty();
}

}  // namespace distill::testing
