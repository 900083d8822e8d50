// What the connection does when something happens on its stream.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/client/session/teacher_connection.h"
#include "common/client/stream/stream_errors.h"

namespace distill {

void TeacherConnection::OnOpened(int64_t stream, const v1::Opened& opened) {
  {
    MutexLock lock(mutex_);
    if (!IsCurrent(stream)) return;
    if (phase_ != Phase::kOpening) {
      FailBreach(absl::InternalError("Opened: it came twice on one stream"));
    } else if (absl::Status status = AcceptOpened(opened); status.ok()) {
      phase_ = Phase::kOpen;
      was_open_ = true;
      for (auto& [id, request] : pending_.all()) SendNow(id, request);
      changed_.NotifyAll();
    } else if (status.code() == absl::StatusCode::kInternal) {
      FailBreach(status);
    } else {
      Fail(Annotate(std::move(status), absl::StrCat("the teacher at ", name_)));
    }
  }
  Deliver();
}

absl::Status TeacherConnection::AcceptOpened(const v1::Opened& opened) {
  ASSIGN_OR_RETURN(Granted granted, GrantedFromProto(opened, options_.AskedOutputs()));
  if ((options_.class_subset || !options_.class_indices.empty()) && !opened.chosen_classes()) {
    return absl::FailedPreconditionError(
        "some of the classes: the server is of a version that answers about all of them; update "
        "it");
  }
  if (options_.ragged && !opened.ragged()) {
    return absl::FailedPreconditionError(
        "samples of different lengths: the server is of a version that does not take them; update "
        "it");
  }
  if (!has_opened_) {
    const size_t named = std::max(options_.class_names.size(), options_.class_indices.size());
    if (named > 0 && granted.model.classes != static_cast<int64_t>(named)) {
      return absl::InternalError(absl::StrCat("Opened.model.classes is ", granted.model.classes,
                                              "; must be ", named, ", as many as were named"));
    }
    granted_ = std::move(granted);
    has_opened_ = true;
    attempted_ = true;
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(CheckSameTeacher(granted_, granted,
                                   options_.batch_independent ? SameNumerics::kNeeded
                                                              : SameNumerics::kNotNeeded),
                  "not the teacher of before the connection was lost");
  ++stats_.reconnects;
  if (!IsFruitless()) log::Info(absl::StrCat("connected again to the teacher at ", name_));
  return absl::OkStatus();
}

void TeacherConnection::OnTargets(int64_t stream, const v1::Targets& targets,
                                  const std::vector<Bytes>& payloads, int64_t wire_bytes) {
  absl::StatusOr<SoftTargets> answer = ReadTargets(stream, targets, payloads);
  {
    MutexLock lock(mutex_);
    if (!IsCurrent(stream)) return;
    if (!answer.ok()) {
      FailBreach(answer.status());
    } else if (pending_.Find(targets.id(), stream).ok()) {
      PendingRequest done = pending_.Take(targets.id());
      ++stats_.answers;
      stats_.samples_answered += done.samples;
      stats_.bytes_received += wire_bytes;
      if (IsFruitless()) log::Info(absl::StrCat("the teacher at ", name_, " answers again"));
      stats_.fruitless_losses = 0;
      backoff_.Reset();
      completions_.push_back({std::move(done.callback), std::move(answer)});
    }
  }
  Deliver();
}

// Checks the values without the lock, which the sender of the next request needs.
absl::StatusOr<SoftTargets> TeacherConnection::ReadTargets(int64_t stream,
                                                           const v1::Targets& targets,
                                                           const std::vector<Bytes>& payloads) {
  PendingRequest asked;
  {
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(const PendingRequest* request, pending_.Find(targets.id(), stream));
    asked.request.rows = request->request.rows;
    asked.samples = request->samples;
    asked.positions = request->positions;
  }
  return CheckedTargets(targets, payloads, asked, granted().outputs);
}

void TeacherConnection::OnError(int64_t stream, const v1::Error& error) {
  {
    MutexLock lock(mutex_);
    if (!IsCurrent(stream)) return;
    absl::StatusOr<PendingRequest*> request = pending_.Find(error.id(), stream);
    const auto code = static_cast<absl::StatusCode>(error.code());
    if (!request.ok()) {
      FailBreach(request.status());
    } else if (code == absl::StatusCode::kUnavailable) {
      (*request)->sent_on = 0;  // not taken: it goes to the next stream, or another teacher
      has_news_ = true;
      Drain();
    } else if (code == absl::StatusCode::kDeadlineExceeded) {
      (*request)->sent_on = 0;
      has_news_ = draining_;
      SendNow(error.id(), **request);
    } else if (error.code() <= 0 || error.code() > 16) {
      FailBreach(
          absl::InternalError(absl::StrCat("an error for request ", error.id(), ": its code is ",
                                           error.code(), ", which is unknown")));
    } else {
      Fail(Annotate(absl::Status(code, error.message()),
                    absl::StrCat("the teacher at ", name_, " could not answer a request")));
    }
  }
  Deliver();
}

void TeacherConnection::OnDraining(int64_t stream) {
  {
    MutexLock lock(mutex_);
    if (!IsCurrent(stream) || phase_ != Phase::kOpen) return;
    Drain();
  }
  Deliver();
}

void TeacherConnection::OnMalformed(int64_t stream, const absl::Status& status) {
  {
    MutexLock lock(mutex_);
    if (!IsCurrent(stream)) return;
    FailBreach(status);
  }
  Deliver();
}

void TeacherConnection::OnClosed(int64_t stream, const absl::Status& status) {
  MutexLock lock(mutex_);
  if (stream != stream_number_) return;
  end_ = status;
  phase_ = Phase::kClosed;
  if (was_open_ && Running() && IsLoss(status)) {
    ++stats_.losses;
    last_loss_ = absl::UnavailableError(
        absl::StrCat("the teacher at ", name_,
                     " is lost: ", status.ok() ? "it ended the stream" : status.message()));
    if (!IsFruitless()) log::Warning(absl::StrCat(last_loss_.message(), "; connecting again"));
  }
  changed_.NotifyAll();  // the thread continues from here, and tells the listener
}

}  // namespace distill
