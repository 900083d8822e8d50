#include "common/client/pool/teacher_pool.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/contract/row_mask.h"

namespace distill {

TeacherPool::~TeacherPool() { Stop(); }

StreamLimits TeacherPool::limits() const {
  MutexLock lock(mutex_);
  StreamLimits limits = chosen_->limits;
  limits.credits = std::max(limits.credits, members_.credits());
  return limits;
}

absl::StatusOr<uint64_t> TeacherPool::Send(SoftTargetRequest request, Callback callback) {
  MutexLock lock(mutex_);
  if (stopping_) return absl::CancelledError("the pool of teachers is stopped");
  RETURN_IF_ERROR(failure_);
  ASSIGN_OR_RETURN(const int64_t samples,
                   CheckInputs(chosen_->model.inputs, request.inputs, options_.teacher.lengths()));
  if (!request.row_mask.empty()) {
    RETURN_IF_ERROR(CheckRowMask(request.row_mask, LengthsOf(request.inputs)));
  }
  if (samples > chosen_->limits.max_request_samples) {
    return absl::ResourceExhaustedError(absl::StrCat("the number of samples of the request is ",
                                                     samples, "; must be at most ",
                                                     chosen_->limits.max_request_samples));
  }
  requests_.emplace(++last_id_, Outstanding{std::move(request), samples, std::move(callback)});
  waiting_.insert(last_id_);
  Dispatch();
  return last_id_;
}

void TeacherPool::Dispatch() {
  while (!waiting_.empty()) {
    const uint64_t id = *waiting_.begin();
    const Outstanding& outstanding = requests_.at(id);
    PoolMember* member = members_.LeastOutstanding(outstanding.samples);
    if (member == nullptr) return;
    const int64_t samples = outstanding.samples;
    // The request is copied, for another teacher; its tensors share their memory.
    const absl::StatusOr<uint64_t> sent = member->client->Send(
        outstanding.request, [this, member, id, samples](absl::StatusOr<SoftTargets> result) {
          OnAnswer(*member, id, samples, std::move(result));
        });
    if (!sent.ok()) {
      member->state = TeacherState::kFailed;  // OnChange comes, from its own thread
      continue;
    }
    waiting_.erase(id);
    member->outstanding += samples;
    member->asked += samples;
  }
}

void TeacherPool::OnAnswer(PoolMember& member, uint64_t id, int64_t samples,
                           absl::StatusOr<SoftTargets> result) {
  {
    MutexLock lock(mutex_);
    member.outstanding -= samples;
    // An error is not an answer: the teacher gave the request back, or failed.
    if (!result.ok()) Refresh(member);
    const auto found = requests_.find(id);
    if (found == requests_.end()) {
      // It was abandoned, or the pool has ended.
    } else if (result.ok()) {
      members_.CountAnswered(member, samples);
      completions_.push_back({std::move(found->second.callback), std::move(result)});
      requests_.erase(found);
    } else {
      waiting_.insert(id);
    }
    Dispatch();
  }
  Deliver();
}

void TeacherPool::OnChange(PoolMember& member) {
  bool takes_requests = false;
  {
    MutexLock lock(mutex_);
    Refresh(member);
    Dispatch();
    takes_requests = member.TakesRequests();
    changed_.NotifyAll();
  }
  Deliver();
  // From here on nothing is sent to it until it is connected again, so this finds everything.
  if (!takes_requests) member.client->GiveBackUntaken();
}

void TeacherPool::Refresh(PoolMember& member) {
  if (member.gone) return;
  const TeacherState state = member.client->state();
  if (state == TeacherState::kFailed) return Drop(member, member.client->status());
  if (state == TeacherState::kConnected && !member.admitted) {
    if (!chosen_.has_value()) return;
    if (const absl::Status fits = CheckFits(member); !fits.ok()) return Drop(member, fits);
    Admit(member);
  }
  member.state = state;
  NoteLoss();
}

void TeacherPool::Admit(PoolMember& member) {
  member.admitted = true;
  member.credits = member.client->limits().credits;
  addresses_[member.address].was_admitted = true;
}

absl::Status TeacherPool::CheckFits(const PoolMember& member) const {
  const absl::Status same = CheckSameTeacher(
      *chosen_, member.client->granted(),
      options_.teacher.batch_independent ? SameNumerics::kNeeded : SameNumerics::kNotNeeded);
  return Annotate(same,
                  absl::StrCat("the teacher at ", member.name,
                               " is dropped for this run, as it is not the one at ", chosen_name_));
}

void TeacherPool::Drop(PoolMember& member, const absl::Status& why) {
  members_.Drop(member, why);
  changed_.NotifyAll();
  if (!failure_.ok()) return;
  const bool none_present = members_.present().empty();
  if (chosen_.has_value() ? members_.AnyProven() : !none_present) {
    log::Warning(absl::StrCat(why.message(), "; continuing without it"));
    NoteLoss();
    return;
  }
  failure_ = members_.Describe();
  // That others cannot be reached, which comes first, is not why it ends here.
  if (!none_present) failure_ = absl::Status(why.code(), failure_.message());
  std::vector<Completion> failed = TakeAll(failure_);
  std::move(failed.begin(), failed.end(), std::back_inserter(completions_));
}

void TeacherPool::NoteLoss() {
  const bool connected = members_.AnyConnected();
  if (was_connected_ && !connected) {
    ++losses_;
    last_loss_ = members_.Describe();
  }
  was_connected_ = connected;
}

bool TeacherPool::AbandonWhileLost(absl::Span<const uint64_t> ids) {
  std::vector<Completion> abandoned;
  {
    MutexLock lock(mutex_);
    if (StateLocked() != TeacherState::kLost) return false;
    for (const uint64_t id : ids) {
      const auto found = requests_.find(id);
      if (found == requests_.end()) continue;
      abandoned.push_back(
          {std::move(found->second.callback), absl::CancelledError("the request was abandoned")});
      requests_.erase(found);
      waiting_.erase(id);
    }
  }
  for (Completion& completion : abandoned) completion.callback(std::move(completion.result));
  return true;
}

std::vector<Completion> TeacherPool::TakeAll(const absl::Status& status) {
  std::vector<Completion> completions;
  completions.reserve(requests_.size());
  for (auto& [id, outstanding] : requests_) {
    completions.push_back({std::move(outstanding.callback), status});
  }
  requests_.clear();
  waiting_.clear();
  return completions;
}

void TeacherPool::Deliver() {
  std::vector<Completion> completions;
  std::function<void()> listener;
  {
    MutexLock lock(mutex_);
    completions.swap(completions_);
    if (const TeacherState state = StateLocked(); state != announced_) {
      announced_ = state;
      listener = listener_;
    }
  }
  for (Completion& completion : completions) completion.callback(std::move(completion.result));
  if (listener) listener();
}

TeacherState TeacherPool::StateLocked() const {
  if (!failure_.ok()) return TeacherState::kFailed;
  if (stopping_) return TeacherState::kStopped;
  return members_.AnyConnected() ? TeacherState::kConnected : TeacherState::kLost;
}

TeacherState TeacherPool::state() const {
  MutexLock lock(mutex_);
  return StateLocked();
}

absl::Status TeacherPool::status() const {
  MutexLock lock(mutex_);
  switch (StateLocked()) {
    case TeacherState::kConnected:
    case TeacherState::kDraining:
      return absl::OkStatus();
    case TeacherState::kLost:
      return members_.Describe();
    case TeacherState::kFailed:
      return failure_;
    case TeacherState::kStopped:
      break;
  }
  return absl::CancelledError("the pool of teachers is stopped");
}

absl::Status TeacherPool::last_loss() const {
  MutexLock lock(mutex_);
  return last_loss_;
}

ClientStats TeacherPool::stats() const {
  MutexLock lock(mutex_);
  ClientStats stats = members_.stats();
  stats.losses = losses_;
  return stats;
}

std::map<std::string, int64_t> TeacherPool::samples_by_teacher() const {
  MutexLock lock(mutex_);
  return members_.answered();
}

void TeacherPool::SetStateListener(std::function<void()> listener) {
  MutexLock lock(mutex_);
  listener_ = std::move(listener);
}

}  // namespace distill
