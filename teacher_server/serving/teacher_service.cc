#include "teacher_server/serving/teacher_service.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/rpc/convert.h"

namespace distill {
namespace {

constexpr char kDraining[] = "the server is draining";

// Ends a stream that was never taken.
class RefusedStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit RefusedStream(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace

TeacherService::TeacherService(StreamContext context, int max_streams)
    : context_(std::move(context)), max_streams_(max_streams) {}

grpc::ServerUnaryReactor* TeacherService::GetModel(grpc::CallbackServerContext* context,
                                                   const v1::GetModelRequest* request,
                                                   v1::GetModelResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (draining()) {
    reactor->Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, kDraining));
    return reactor;
  }
  const auto teacher = context_.teachers->Find(request->model());
  if (teacher.ok()) {
    *response->mutable_model() = ToProto((*teacher)->info);
    *response->mutable_numerics() = ToProto((*teacher)->numerics);
    *response->mutable_limits() = ToProto((*teacher)->limits);
    for (const TargetEncoding encoding : SupportedEncodings()) {
      response->add_encodings(ToProto(encoding));
    }
    for (const auto& each : context_.teachers->all()) response->add_served(each->info.name);
  }
  reactor->Finish(ToGrpc(teacher.status()));
  return reactor;
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* TeacherService::Distill(
    grpc::CallbackServerContext*) {
  grpc::Status refusal;
  const std::shared_ptr<DistillStream> stream = OpenStream(refusal);
  if (stream == nullptr) return new RefusedStream(refusal);
  return stream.get();
}

std::shared_ptr<DistillStream> TeacherService::OpenStream(grpc::Status& refusal) {
  uint64_t id = 0;
  {
    MutexLock lock(mutex_);
    if (draining_) {
      refusal = grpc::Status(grpc::StatusCode::UNAVAILABLE, kDraining);
      return nullptr;
    }
    if (static_cast<int>(streams_.size()) >= max_streams_) {
      refusal = grpc::Status(
          grpc::StatusCode::RESOURCE_EXHAUSTED,
          absl::StrCat("all ", max_streams_, " streams that this server takes are open"));
      return nullptr;
    }
    id = next_id_++;
    streams_.emplace(id, nullptr);
  }
  ++context_.counters->streams;
  const std::shared_ptr<DistillStream> stream =
      DistillStream::Start(context_, id, [this, id] { StreamDone(id); });
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
