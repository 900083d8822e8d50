#include "tests/testing/fake_teacher/stream.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/rpc/convert.h"
#include "tests/testing/fake_teacher/answer.h"

namespace distill::testing {

FakeStream::FakeStream(FakeTeacherState& state, const grpc::CallbackServerContext& context)
    : state_(state) {
  const auto& metadata = context.client_metadata();
  if (const auto found = metadata.find("authorization"); found != metadata.end()) {
    authorization_ = std::string(found->second.data(), found->second.size());
  }
  MutexLock lock(state_.mutex);
  state_.streams.insert(this);
  StartRead(&incoming_);
}

void FakeStream::OnReadDone(bool ok) {
  MutexLock lock(state_.mutex);
  if (finishing_) return;
  if (!ok) {
    half_closed_ = true;
    EndIfNothingIsOwed();
    return;
  }
  if (incoming_.has_open()) {
    HandleOpen(incoming_.open());
  } else {
    HandleRequest();
  }
  if (!finishing_) StartRead(&incoming_);
}

void FakeStream::OnWriteDone(bool ok) {
  MutexLock lock(state_.mutex);
  outgoing_.pop_front();
  if (!ok) outgoing_.clear();
  WriteOrFinish();
}

void FakeStream::OnCancel() {
  MutexLock lock(state_.mutex);
  outgoing_.resize(std::min<size_t>(outgoing_.size(), 1));
  End(grpc::Status(grpc::StatusCode::UNAVAILABLE, "cancelled"));
}

void FakeStream::OnDone() {
  {
    MutexLock lock(state_.mutex);
    state_.streams.erase(this);
    state_.changed.NotifyAll();
  }
  delete this;
}

void FakeStream::ReleaseHeld(ReleaseOrder order) {
  std::deque<Held> held;
  held.swap(held_);
  if (order == ReleaseOrder::kReversed) std::reverse(held.begin(), held.end());
  for (Held& answer : held) SendAnswer(std::move(answer));
  EndIfNothingIsOwed();
}

void FakeStream::TellDraining() {
  v1::DistillResponse response;
  response.mutable_draining();
  Queue(std::move(response));
  EndIfNothingIsOwed();
}

void FakeStream::End(const grpc::Status& status) {
  if (finishing_) return;
  finishing_ = true;
  end_ = status;
  if (outgoing_.empty()) Finish(end_);
}

void FakeStream::HandleOpen(const v1::Open& open) {
  state_.opens.push_back({open.model(),
                          open.client(),
                          open.fingerprint(),
                          {open.class_names().begin(), open.class_names().end()},
                          {open.class_indices().begin(), open.class_indices().end()},
                          open.batch_independent(),
                          authorization_});
  number_ = static_cast<int>(state_.opens.size());
  state_.changed.NotifyAll();
  if (state_.script.ignoring_opens) return;
  if (state_.script.draining) {
    return End(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the server drains"));
  }
  if (!state_.script.open_error.ok()) return End(ToGrpc(state_.script.open_error));
  spec_ = FromProto(open.targets()).value_or(TargetSpec{});
  open_ = open;
  v1::DistillResponse response = OpenedMessage(state_.options, spec_);
  if (!open.outputs().empty()) {
    response.mutable_opened()->clear_targets();
    *response.mutable_opened()->mutable_outputs() = open.outputs();
  } else {
    response.mutable_opened()->mutable_model()->clear_outputs();
  }
  const bool chosen = open.class_subset() || !open.class_indices().empty();
  response.mutable_opened()->set_chosen_classes(chosen && state_.options.chooses_classes);
  Queue(std::move(response));
}

void FakeStream::HandleRequest() {
  const v1::Request& request = incoming_.request();
  const int64_t samples = request.tensors(0).shape(0);
  int64_t payload_bytes = 0;
  for (const std::string& payload : incoming_.payload()) {
    payload_bytes += static_cast<int64_t>(payload.size());
  }
  state_.requests.push_back({request.id(), samples, request.seed(), request.temperature(),
                             request.timeout_us(), payload_bytes, number_});
  in_flight_ += samples;
  state_.most_samples_in_flight = std::max(state_.most_samples_in_flight, in_flight_);
  state_.changed.NotifyAll();
  Script& script = state_.script;
  if (script.draining) {
    return SendError(samples, absl::UnavailableError("the server drains"), v1::REASON_DRAINING);
  }
  if (script.request_error.has_value()) {
    const absl::Status error = *std::exchange(script.request_error, std::nullopt);
    return SendError(samples, error, v1::REASON_UNSPECIFIED);
  }
  const std::optional<AnswerFault> fault = std::exchange(script.fault, std::nullopt);
  if (fault == AnswerFault::kTwice) script.twice = true;
  Held answer = {AnswerMessage(incoming_, state_.options.model.classes, spec_.encoding, fault),
                 samples};
  if (!open_.outputs().empty()) {
    AnswerOutputs(incoming_, open_, state_.options.model, &answer.response);
  }
  if (script.holding) {
    held_.push_back(std::move(answer));
  } else {
    SendAnswer(std::move(answer));
  }
}

void FakeStream::SendAnswer(Held answer) {
  Script& script = state_.script;
  in_flight_ -= answer.samples;
  if (std::exchange(script.twice, false)) Queue(answer.response);
  Queue(std::move(answer.response));
  if (script.drop_after.has_value() && --*script.drop_after <= 0) {
    script.drop_after.reset();
    End(grpc::Status(grpc::StatusCode::UNAVAILABLE, "dropped by the test"));
  }
}

// Answers the incoming request with an error.
void FakeStream::SendError(int64_t samples, const absl::Status& status, v1::Reason reason) {
  in_flight_ -= samples;
  Queue(ErrorMessage(incoming_.request().id(), status, reason));
}

void FakeStream::EndIfNothingIsOwed() {
  if ((half_closed_ || state_.script.draining) && held_.empty()) End(grpc::Status::OK);
}

void FakeStream::Queue(v1::DistillResponse response) {
  if (finishing_) return;
  outgoing_.push_back(std::move(response));
  if (outgoing_.size() == 1) StartWrite(&outgoing_.front());
}

void FakeStream::WriteOrFinish() {
  if (!outgoing_.empty()) {
    StartWrite(&outgoing_.front());
  } else if (finishing_) {
    Finish(end_);
  }
}

}  // namespace distill::testing
