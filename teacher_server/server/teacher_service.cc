#include "teacher_server/server/teacher_service.h"

#include <bit>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "common/base/log.h"
#include "common/rpc/convert.h"
#include "teacher_server/batching/batcher.h"

namespace distill {
namespace {

// Ends a stream that was never taken.
class RefusedStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit RefusedStream(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

Caller CallerOf(const grpc::CallbackServerContext& context) {
  Caller caller{.local = absl::StartsWith(context.peer(), "unix")};
  const auto header = context.client_metadata().find("authorization");
  if (header != context.client_metadata().end()) {
    caller.authorization.assign(header->second.data(), header->second.size());
  }
  return caller;
}

RejectReason ReasonOfRefusal(const absl::Status& refusal) {
  if (absl::IsUnauthenticated(refusal)) return RejectReason::kUnauthenticated;
  return absl::IsUnavailable(refusal) ? RejectReason::kDraining : RejectReason::kTooManyStreams;
}

}  // namespace

TeacherService::TeacherService(StreamContext context, Access& access)
    : context_(std::move(context)), access_(access) {}

grpc::ServerUnaryReactor* TeacherService::GetModel(grpc::CallbackServerContext* context,
                                                   const v1::GetModelRequest* request,
                                                   v1::GetModelResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::Status refusal = access_.Authenticate(CallerOf(*context)).status();
  if (refusal.ok() && draining()) refusal = DrainingError();
  if (!refusal.ok()) {
    reactor->Finish(Refuse(refusal, *context));
    return reactor;
  }
  const auto teacher = context_.teachers->Find(request->model());
  if (teacher.ok()) {
    *response->mutable_model() = ToProto((*teacher)->info);
    if (!request->outputs()) response->mutable_model()->clear_outputs();
    *response->mutable_numerics() = ToProto((*teacher)->numerics);
    *response->mutable_limits() = ToProto((*teacher)->limits);
    for (const TargetEncoding encoding : AllEncodings()) {
      response->add_encodings(ToProto(encoding));
    }
    for (const auto& each : context_.teachers->all()) response->add_served(each->info.name);
  }
  reactor->Finish(ToGrpc(teacher.status()));
  return reactor;
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* TeacherService::Distill(
    grpc::CallbackServerContext* context) {
  auto admission = access_.Admit(CallerOf(*context));
  if (!admission.ok()) return new RefusedStream(Refuse(admission.status(), *context));
  const std::shared_ptr<DistillStream> stream = StartStream(*std::move(admission));
  if (stream != nullptr) return stream.get();
  return new RefusedStream(Refuse(DrainingError(), *context));
}

grpc::Status TeacherService::Refuse(const absl::Status& status,
                                    const grpc::CallbackServerContext& context) {
  context_.metrics->Rejected(ReasonOfRefusal(status));
  uint64_t refused = 0;
  {
    MutexLock lock(mutex_);
    refused = ++refused_;
  }
  // The 1st, 2nd, 4th, 8th …: a client that is refused tries again.
  if (std::has_single_bit(refused)) {
    log::Warning(log::Line("call refused", {{"peer", context.peer()},
                                            {"refused_so_far", refused},
                                            {"code", absl::StatusCodeToString(status.code())},
                                            {"message", status.message()}}));
  }
  return ToGrpc(status);
}

// Null while draining.
std::shared_ptr<DistillStream> TeacherService::StartStream(
    std::unique_ptr<Access::Admission> admission) {
  uint64_t id = 0;
  {
    MutexLock lock(mutex_);
    if (draining_) return nullptr;
    id = next_id_++;
    streams_.emplace(id, nullptr);
  }
  const std::shared_ptr<DistillStream> stream =
      DistillStream::Start(context_, id, std::move(admission), [this, id] { StreamDone(id); });
  bool drain = false;
  {
    MutexLock lock(mutex_);
    drain = draining_;
    if (const auto entry = streams_.find(id); entry != streams_.end()) entry->second = stream;
  }
  if (drain) stream->Drain();
  return stream;
}

void TeacherService::StreamDone(uint64_t id) {
  MutexLock lock(mutex_);
  streams_.erase(id);
  stream_done_.NotifyAll();
}

void TeacherService::BeginDrain() {
  std::vector<std::shared_ptr<DistillStream>> streams;
  {
    MutexLock lock(mutex_);
    draining_ = true;
    for (const auto& [id, stream] : streams_) {
      if (stream != nullptr) streams.push_back(stream);
    }
  }
  for (const auto& stream : streams) stream->Drain();
  for (const auto& teacher : context_.teachers->all()) teacher->batcher->StopDelaying();
}

int TeacherService::WaitForStreams(absl::Time deadline) {
  MutexLock lock(mutex_);
  while (!streams_.empty() && context_.clock->Now() < deadline) {
    context_.clock->WaitUntil(stream_done_, mutex_, deadline);
  }
  return static_cast<int>(streams_.size());
}

bool TeacherService::draining() {
  MutexLock lock(mutex_);
  return draining_;
}

}  // namespace distill
