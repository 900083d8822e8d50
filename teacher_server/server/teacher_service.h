// TeacherService: the Teacher service of teacher.proto, and the registry of its open streams.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "common/base/mutex.h"
#include "distill/v1/teacher.grpc.pb.h"
#include "teacher_server/admission/access.h"
#include "teacher_server/stream/distill_stream.h"

namespace distill {

// Thread-safe. Outlives the grpc::Server that it is registered with.
class TeacherService final : public v1::Teacher::WithRawCallbackMethod_Distill<
                                 v1::Teacher::WithCallbackMethod_GetModel<v1::Teacher::Service>> {
 public:
  // `access`: outlives the service.
  TeacherService(StreamContext context, Access& access);

  grpc::ServerUnaryReactor* GetModel(grpc::CallbackServerContext* context,
                                     const v1::GetModelRequest* request,
                                     v1::GetModelResponse* response) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Distill(
      grpc::CallbackServerContext* context) override;

  // From now on refuses calls and streams UNAVAILABLE, and drains every stream that is open.
  void BeginDrain();

  // Waits until no stream is open, or until `deadline`; returns how many are.
  int WaitForStreams(absl::Time deadline);

 private:
  std::shared_ptr<DistillStream> StartStream(std::unique_ptr<Access::Admission> admission);
  // Counts and logs it; returns what the client is told.
  grpc::Status Refuse(const absl::Status& status, const grpc::CallbackServerContext& context);
  void StreamDone(uint64_t id);
  bool draining();

  const StreamContext context_;
  Access& access_;

  Mutex mutex_;
  CondVar stream_done_;
  // Null while a stream starts.
  absl::flat_hash_map<uint64_t, std::shared_ptr<DistillStream>> streams_ ABSL_GUARDED_BY(mutex_);
  uint64_t next_id_ ABSL_GUARDED_BY(mutex_) = 1;
  uint64_t refused_ ABSL_GUARDED_BY(mutex_) = 0;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace distill
