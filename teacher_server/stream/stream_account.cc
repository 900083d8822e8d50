#include "teacher_server/stream/stream_account.h"

#include <bit>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "common/base/log.h"

namespace distill {
namespace {

// Of a stream that the server ended: null for one that the client ended or the drain.
std::optional<RejectReason> ReasonOf(const absl::Status& end, bool opened) {
  switch (end.code()) {
    case absl::StatusCode::kOk:
    case absl::StatusCode::kCancelled:
      return std::nullopt;
    case absl::StatusCode::kNotFound:
      return RejectReason::kNotFound;
    case absl::StatusCode::kUnavailable:
      return RejectReason::kDraining;
    case absl::StatusCode::kDeadlineExceeded:
      return RejectReason::kExpired;
    default:
      return opened ? RejectReason::kBadMessage : RejectReason::kBadOpen;
  }
}

// Returns "f32" for logits alone, otherwise "logits:f16,features:f32".
std::string Encodings(const StreamTerms& terms) {
  if (!terms.names_outputs) {
    return std::string(Name(terms.outputs.front().wanted.encoding.spec.encoding));
  }
  return absl::StrJoin(terms.outputs, ",", [](std::string* out, const GrantedOutput& output) {
    absl::StrAppend(out, output.spec.name, ":", Name(output.wanted.encoding.spec.encoding));
  });
}

// Of one request.
RejectReason ReasonOf(const absl::Status& error) {
  switch (error.code()) {
    case absl::StatusCode::kDeadlineExceeded:
      return RejectReason::kExpired;
    case absl::StatusCode::kResourceExhausted:
      return RejectReason::kTooLarge;
    case absl::StatusCode::kUnavailable:
      return RejectReason::kDraining;
    case absl::StatusCode::kInternal:
      return RejectReason::kInternal;
    default:
      return RejectReason::kBadRequest;
  }
}

}  // namespace

StreamAccount::StreamAccount(uint64_t stream, std::string token, Metrics& metrics)
    : stream_(stream), token_(std::move(token)), metrics_(metrics), begin_(absl::Now()) {}

void StreamAccount::Opened(const ServedTeacher& teacher, const StreamTerms& terms) {
  model_ = &metrics_.of(teacher.info.name);
  model_->StreamOpened(token_);
  client_ = terms.client;
  log::Info(log::Line("stream opened", {{"stream", stream_},
                                        {"client", client_},
                                        {"token", token_},
                                        {"model", teacher.info.name},
                                        {"encoding", Encodings(terms)},
                                        {"classes_permuted", terms.class_order != nullptr},
                                        {"batch_independent", terms.batch_independent}}));
}

void StreamAccount::Received(int64_t bytes) {
  bytes_in_ += bytes;
  if (opened()) model_->Received(bytes);
}

void StreamAccount::Written(const StreamSession::Outgoing& written) {
  const auto bytes = static_cast<int64_t>(written.frame.Length());
  bytes_out_ += bytes;
  model_->Sent(bytes);
  switch (written.kind) {
    case StreamSession::Outgoing::Kind::kTargets:
      samples_ += written.samples;
      ++requests_ok_;
      model_->RequestAnswered(written.samples);
      break;
    case StreamSession::Outgoing::Kind::kError:
      RequestFailed(written);
      break;
    case StreamSession::Outgoing::Kind::kControl:
      break;
  }
}

void StreamAccount::RequestFailed(const StreamSession::Outgoing& error) {
  model_->RequestFailed();
  model_->Rejected(ReasonOf(error.error));
  // The 1st, 2nd, 4th, 8th …: a client that is wrong once is wrong often.
  if (!std::has_single_bit(static_cast<uint64_t>(++requests_failed_))) return;
  log::Warning(log::Line("request failed", {{"stream", stream_},
                                            {"request", error.id},
                                            {"failed_so_far", requests_failed_},
                                            {"code", absl::StatusCodeToString(error.error.code())},
                                            {"message", error.error.message()}}));
}

void StreamAccount::Ended(const absl::Status& end, int64_t dropped) {
  const std::optional<RejectReason> reason = ReasonOf(end, opened());
  if (opened()) {
    model_->RequestsDropped(dropped);
    model_->StreamClosed();
    if (reason.has_value()) model_->Rejected(*reason);
  } else if (reason.has_value()) {
    metrics_.Rejected(*reason);
  }
  const std::string line =
      log::Line("stream ended", {{"stream", stream_},
                                 {"client", client_},
                                 {"token", token_},
                                 {"code", absl::StatusCodeToString(end.code())},
                                 {"message", end.message()},
                                 {"requests_ok", requests_ok_},
                                 {"requests_failed", requests_failed_},
                                 {"requests_dropped", dropped},
                                 {"samples", samples_},
                                 {"bytes_in", bytes_in_},
                                 {"bytes_out", bytes_out_},
                                 {"seconds", absl::ToDoubleSeconds(absl::Now() - begin_)}});
  if (reason.has_value() || dropped > 0) {
    log::Warning(line);
  } else {
    log::Info(line);
  }
}

}  // namespace distill
