#include "teacher_server/stream/stream_session.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/contract/row_mask.h"
#include "common/rpc/convert.h"
#include "common/rpc/wire.h"
#include "teacher_server/batching/batcher.h"

namespace distill {
namespace {

// What a request takes beside its tensors, whatever it holds: its own header and objects here and
// in gRPC, and its answer's.
constexpr int64_t kRequestOverhead = 4096;

// A payload of less than this, or in pieces of less, costs far more than its bytes where gRPC has
// put it: it is copied, so that what a request holds is what it is charged for.
constexpr size_t kSmallPayload = 64 << 10;
constexpr size_t kSmallPiece = 4 << 10;

bool IsSmall(const Bytes& bytes) {
  return bytes.size() < kSmallPayload || bytes.size() / bytes.num_pieces() < kSmallPiece;
}

}  // namespace

StreamSession::StreamSession(std::shared_ptr<const ServedTeachers> teachers)
    : teachers_(std::move(teachers)), limits_(teachers_->limits()) {}

std::optional<StreamSession::Taken> StreamSession::Receive(const grpc::ByteBuffer& frame,
                                                           absl::Time now) {
  if (end_.has_value()) return std::nullopt;
  v1::DistillRequest message;
  std::vector<Bytes> payloads;
  if (absl::Status read = ReadFrame(frame, &message, &payloads); !read.ok()) {
    EndWith(Annotate(read, "undecodable DistillRequest"));
    return std::nullopt;
  }
  switch (message.kind_case()) {
    case v1::DistillRequest::kOpen:
      ReceiveOpen(message.open(), payloads.size());
      return std::nullopt;
    case v1::DistillRequest::kRequest:
      return ReceiveRequest(message.request(), payloads, now);
    case v1::DistillRequest::KIND_NOT_SET:
      break;
  }
  EndWith(
      absl::InvalidArgumentError("malformed message: it has no kind; send an open or a request"));
  return std::nullopt;
}

void StreamSession::ReceiveOpen(const v1::Open& open, size_t payloads) {
  if (terms_.has_value()) {
    return EndWith(absl::FailedPreconditionError(
        "a second open: the stream is open already; open each stream once"));
  }
  if (payloads > 0) {
    return EndWith(InvalidValue("the number of payloads of open", payloads, 0));
  }
  absl::StatusOr<std::shared_ptr<const ServedTeacher>> teacher = teachers_->Find(open.model());
  if (!teacher.ok()) return EndWith(teacher.status());
  absl::StatusOr<StreamTerms> terms = AcceptOpen(open, **teacher);
  if (!terms.ok()) return EndWith(terms.status());
  teacher_ = *std::move(teacher);
  terms_ = *std::move(terms);

  v1::DistillResponse response;
  v1::Opened& opened = *response.mutable_opened();
  *opened.mutable_model() = ToProto(DescribeAnswers(teacher_->info, *terms_));
  opened.set_chosen_classes(terms_->chosen_classes);
  opened.set_ragged(terms_->ragged);
  if (terms_->names_outputs) {
    for (const GrantedOutput& output : terms_->outputs) {
      v1::OutputRequest* granted = opened.add_outputs();
      granted->set_name(output.spec.name);
      *granted->mutable_targets() = ToProto(output.wanted.encoding.spec);
    }
  } else {
    *opened.mutable_targets() = ToProto(terms_->outputs.front().wanted.encoding.spec);
  }
  *opened.mutable_numerics() = ToProto(teacher_->numerics);
  *opened.mutable_limits() = ToProto(limits_);
  outgoing_.push_back({.frame = WriteFrame(response, {})});
}

std::optional<StreamSession::Taken> StreamSession::ReceiveRequest(
    const v1::Request& request, const std::vector<Bytes>& payloads, absl::Time now) {
  if (!terms_.has_value()) {
    EndWith(absl::FailedPreconditionError(
        "a request before the open: the stream is not open; send an open first"));
    return std::nullopt;
  }
  if (in_flight_.contains(request.id())) {
    EndWith(absl::InvalidArgumentError(absl::StrCat(
        "request id ", request.id(), ": a request with this id is in flight; give each its own")));
    return std::nullopt;
  }
  ++unwritten_;
  SetCharge(request.id(), {.samples = 1, .bytes = kRequestOverhead});
  absl::StatusOr<RunnerRequest> checked = CheckRequest(request, payloads);
  if (!checked.ok()) {
    AnswerError(request.id(), checked.status());
    return std::nullopt;
  }
  SetCharge(request.id(), {.samples = checked->samples,
                           .bytes = ByteSize(checked->inputs) + AnswerBytes(*checked)});
  Taken taken{.id = request.id(),
              .request = *std::move(checked),
              .options = {.temperature = request.temperature(), .seed = request.seed()},
              .deadline = absl::InfiniteFuture()};
  if (request.timeout_us() > 0) taken.deadline = now + absl::Microseconds(request.timeout_us());
  return taken;
}

absl::StatusOr<RunnerRequest> StreamSession::CheckRequest(
    const v1::Request& request, const std::vector<Bytes>& payloads) const {
  if (draining_) return DrainingError();
  RunnerRequest checked;
  ASSIGN_OR_RETURN(checked.inputs, InputsFromProto(request.tensors(), payloads));
  for (InputBatch& input : checked.inputs) {
    Bytes& bytes = input.values.bytes;
    if (!bytes.empty() && IsSmall(bytes)) bytes = Bytes::FromString(bytes.ToString());
  }
  ASSIGN_OR_RETURN(checked.samples,
                   CheckInputs(teacher_->info.inputs, checked.inputs, terms_->lengths()));
  if (checked.samples > limits_.max_request_samples) {
    return InvalidValue("the number of samples of the request", checked.samples,
                        absl::StrCat("1 to ", limits_.max_request_samples));
  }
  if (const int64_t length = LongestLength(teacher_->info.inputs, checked.inputs);
      length > limits_.max_length) {
    return InvalidValue("the length of an input", length,
                        absl::StrCat("1 to ", limits_.max_length));
  }
  if (!request.row_mask().empty()) {
    RETURN_IF_ERROR(CheckMask(request.row_mask(), checked));
    checked.row_mask = request.row_mask();
  }
  if (!std::isfinite(request.temperature()) || request.temperature() <= 0) {
    return InvalidValue("temperature", request.temperature(), "finite and more than 0");
  }
  if (request.timeout_us() < 0) {
    return InvalidValue("timeout_us", request.timeout_us(), "0 or more");
  }
  checked.batch_independent = terms_->batch_independent;
  if (const int64_t bytes = AnswerBytes(checked); bytes > limits_.max_message_bytes) {
    return AnswerTooLarge(bytes);
  }
  return checked;
}

absl::Status StreamSession::CheckMask(absl::string_view mask, const RunnerRequest& request) const {
  const std::vector<int64_t>& lengths = LengthsOf(request.inputs);
  if (lengths.empty()) {
    return absl::InvalidArgumentError(
        terms_->ragged ? "row_mask: the model has no input of variable length; leave it out"
                       : "row_mask: the stream is not ragged; open it with ragged");
  }
  const auto per_position = [](const GrantedOutput& output) {
    return output.spec.rows_per_sample == -1;
  };
  if (std::none_of(terms_->outputs.begin(), terms_->outputs.end(), per_position)) {
    return absl::InvalidArgumentError(
        "row_mask: no output of the stream has a row per position; leave it out");
  }
  return CheckRowMask(mask, lengths);
}

absl::Status StreamSession::AnswerTooLarge(int64_t bytes) const {
  return absl::ResourceExhaustedError(absl::StrCat("the answer: it takes ", bytes, " bytes of ",
                                                   limits_.max_message_bytes,
                                                   "; send fewer samples per request"));
}

int64_t StreamSession::RowsOf(const RunnerRequest& request, const OutputSpec& output) const {
  if (output.rows_per_sample != -1) return request.samples * output.rows_per_sample;
  const std::vector<int64_t>& lengths = LengthsOf(request.inputs);
  if (lengths.empty()) {
    return request.samples * LongestLength(teacher_->info.inputs, request.inputs);
  }
  return CountSelectedRows(request.row_mask,
                           std::accumulate(lengths.begin(), lengths.end(), int64_t{0}));
}

int64_t StreamSession::AnswerBytes(const RunnerRequest& request) const {
  constexpr int64_t kTooMany = int64_t{1} << 56;  // so that the sum does not overflow
  int64_t sum = kRequestOverhead;
  for (const auto& [output, wanted] : terms_->outputs) {
    const absl::StatusOr<int64_t> bytes =
        NumElements({RowsOf(request, output), BytesPerRow(wanted.encoding.spec, output.width)});
    sum += bytes.ok() ? std::min(*bytes, kTooMany) : kTooMany;
  }
  return sum;
}

void StreamSession::Answer(uint64_t id, const WorkResult& result) {
  const auto found = in_flight_.find(id);
  if (end_.has_value() || found == in_flight_.end()) return;
  if (!result.targets.ok()) return AnswerError(id, result.targets.status());

  v1::DistillResponse response;
  v1::Targets& header = *response.mutable_targets();
  header.set_id(id);
  const std::vector<Bytes> payloads = ToProto(*result.targets, terms_->names_outputs, &header);
  header.set_queue_us(absl::ToInt64Microseconds(result.queue_time));
  header.set_compute_us(absl::ToInt64Microseconds(result.compute_time));
  Outgoing outgoing{.kind = Outgoing::Kind::kTargets,
                    .frame = WriteFrame(response, payloads),
                    .id = id,
                    .samples = found->second.samples};
  const auto bytes = static_cast<int64_t>(outgoing.frame.Length());
  if (bytes > limits_.max_message_bytes) {
    return AnswerError(id, AnswerTooLarge(bytes));
  }
  SetCharge(id, {.samples = outgoing.samples, .bytes = kRequestOverhead + bytes});
  outgoing_.push_back(std::move(outgoing));
}

void StreamSession::AnswerError(uint64_t id, const absl::Status& status) {
  v1::DistillResponse response;
  v1::Error& error = *response.mutable_error();
  error.set_id(id);
  error.set_code(static_cast<int32_t>(status.code()));
  error.set_message(std::string(status.message()));
  if (absl::IsUnavailable(status)) error.set_reason(v1::REASON_DRAINING);
  Outgoing outgoing{
      .kind = Outgoing::Kind::kError, .frame = WriteFrame(response, {}), .id = id, .error = status};
  SetCharge(id, {.samples = in_flight_[id].samples,
                 .bytes = kRequestOverhead + static_cast<int64_t>(outgoing.frame.Length())});
  outgoing_.push_back(std::move(outgoing));
}

void StreamSession::SetCharge(uint64_t id, Charge charge) {
  Charge& held = in_flight_[id];
  samples_in_flight_ += charge.samples - held.samples;
  bytes_in_flight_ += charge.bytes - held.bytes;
  held = charge;
}

void StreamSession::HalfClose() { half_closed_ = true; }

void StreamSession::Drain() {
  if (draining_ || end_.has_value()) return;
  draining_ = true;
  if (!terms_.has_value()) return EndWith(DrainingError());
  v1::DistillResponse response;
  response.mutable_draining();
  outgoing_.push_back({.frame = WriteFrame(response, {})});
}

void StreamSession::Abort() { EndWith(absl::CancelledError("the stream was cancelled")); }

void StreamSession::NotWritten(const Outgoing& outgoing) {
  Abort();
  if (outgoing.kind != Outgoing::Kind::kControl) ++dropped_;
}

void StreamSession::OpenTimedOut() {
  if (terms_.has_value()) return;
  EndWith(absl::DeadlineExceededError("the stream was not opened in time; send an open first"));
}

void StreamSession::EndWith(absl::Status status) {
  if (end_.has_value()) return;
  end_ = std::move(status);
  dropped_ = static_cast<int64_t>(in_flight_.size());
  in_flight_.clear();
  outgoing_.clear();
  samples_in_flight_ = 0;
  bytes_in_flight_ = 0;
}

bool StreamSession::WantsRead() const {
  return !end_.has_value() && !half_closed_ && samples_in_flight_ < limits_.credits &&
         bytes_in_flight_ < StreamReserve(limits_);
}

std::optional<StreamSession::Outgoing> StreamSession::NextWrite() {
  if (end_.has_value() || outgoing_.empty()) return std::nullopt;
  Outgoing next = std::move(outgoing_.front());
  outgoing_.pop_front();
  if (next.kind != Outgoing::Kind::kControl) {
    next.charge = in_flight_[next.id];
    in_flight_.erase(next.id);
  }
  return next;
}

void StreamSession::Written(const Outgoing& outgoing) {
  if (end_.has_value() || outgoing.kind == Outgoing::Kind::kControl) return;
  samples_in_flight_ -= outgoing.charge.samples;
  bytes_in_flight_ -= outgoing.charge.bytes;
  --unwritten_;
}

std::optional<absl::Status> StreamSession::End() const {
  if (end_.has_value()) return end_;
  if ((half_closed_ || draining_) && unwritten_ == 0 && outgoing_.empty()) {
    return absl::OkStatus();
  }
  return std::nullopt;
}

}  // namespace distill
