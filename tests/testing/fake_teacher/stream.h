// FakeStream: one Distill stream of a FakeTeacher. It follows the script as it is at the moment.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <deque>
#include <string>

#include "absl/status/status.h"
#include "common/contract/target_spec.h"
#include "distill/v1/teacher.pb.h"
#include "tests/testing/fake_teacher/state.h"

namespace distill::testing {

// Owns itself: gRPC calls it from its threads, and it is deleted when gRPC is done with it. The
// state must outlive it.
class FakeStream : public grpc::ServerBidiReactor<v1::DistillRequest, v1::DistillResponse> {
 public:
  // Adds itself to the state's streams.
  FakeStream(FakeTeacherState& state, const grpc::CallbackServerContext& context);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  // For the test's thread.
  void ReleaseHeld(ReleaseOrder order) ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_.mutex);
  void TellDraining() ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_.mutex);
  void End(const grpc::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_.mutex);

 private:
  struct Held {
    v1::DistillResponse response;
    int64_t samples = 0;
  };

  void HandleOpen(const v1::Open& open) ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_.mutex);
  void HandleRequest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_.mutex);
  void SendAnswer(Held answer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_.mutex);
  void SendError(int64_t samples, const absl::Status& status, v1::Reason reason)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_.mutex);
  void EndIfNothingIsOwed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_.mutex);
  void Queue(v1::DistillResponse response) ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_.mutex);
  void WriteOrFinish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_.mutex);

  FakeTeacherState& state_;
  std::string authorization_;  // metadata
  v1::DistillRequest incoming_;
  std::deque<v1::DistillResponse> outgoing_ ABSL_GUARDED_BY(state_.mutex);  // front: being written
  std::deque<Held> held_ ABSL_GUARDED_BY(state_.mutex);
  TargetSpec spec_ ABSL_GUARDED_BY(state_.mutex);
  v1::Open open_ ABSL_GUARDED_BY(state_.mutex);
  int number_ ABSL_GUARDED_BY(state_.mutex) = 0;
  int64_t in_flight_ ABSL_GUARDED_BY(state_.mutex) = 0;  // samples
  bool half_closed_ ABSL_GUARDED_BY(state_.mutex) = false;
  // Finish is called with end_ once the queue is empty.
  bool finishing_ ABSL_GUARDED_BY(state_.mutex) = false;
  grpc::Status end_ ABSL_GUARDED_BY(state_.mutex);
};

}  // namespace distill::testing
