#include "teacher_server/batching/fair_queue.h"

#include <algorithm>
#include <iterator>

namespace distill {

void FairQueue::Push(QueuedWork work) {
  const auto [known, added] = streams_.try_emplace(work.work.stream);
  if (added) {
    known->second = ring_.insert(ring_.end(), {.id = work.work.stream, .takes = takes_});
  }
  Stream& stream = *known->second;
  const int64_t samples = work.work.request.samples;
  stream.deficit = Deficit(stream);
  stream.takes = takes_;
  stream.samples += samples;
  ++requests_;
  samples_ += samples;

  Entry& request = stream.waiting.emplace_back();
  request.samples = samples;
  request.queued = std::make_unique<QueuedWork>(std::move(work));
  request.enqueued = request.queued->enqueued;
  request.deadline = request.queued->work.deadline;
  request.stream = known->second;
  request.self = std::prev(stream.waiting.end());
  request.number = ++pushes_;
  if (request.queued->work.request.batch_independent) {
    ++batch_independent_;
  } else {
    request.group = groups_.Add(request.queued->key, samples, request.enqueued);
  }
  if (stream.waiting.size() == 1) stream.group = request.group;
  stream.mixed |= request.group != stream.group;
  if (request.deadline != absl::InfiniteFuture()) {
    deadlines_.insert({{request.deadline, request.number}, &request});
  }
}

int64_t FairQueue::Deficit(const Stream& stream) const {
  if (stream.takes == takes_) return stream.deficit;
  // Take leaves each stream no more than what waits in it could cost, so that one which is passed
  // over again and again does not hoard. Here that is made up for where Take did not reach it.
  return std::min(stream.deficit, quantum_ + stream.samples);
}

std::vector<std::unique_ptr<QueuedWork>> FairQueue::Take(
    absl::Span<const Waiting* const> requests) {
  if (requests.empty()) return {};
  for (const Waiting* request : requests) ++static_cast<const Entry*>(request)->stream->taking;
  Cursor cursor(*this);
  for (auto next = requests.begin(); next != requests.end();) {
    const Entry* entry = cursor.Step([](const Stream& stream) { return stream.taking > 0; });
    if (entry == *next) {
      --entry->stream->taking;
      ++next;
    } else {
      cursor.current().passed_over += entry->samples;
    }
  }
  ++takes_;
  for (const Cursor::Visit& visit : cursor.visits_) {
    Stream& stream = *visit.stream;
    stream.deficit = std::min(visit.deficit + visit.passed_over, quantum_ + stream.samples);
    stream.takes = takes_;
  }
  ring_.splice(ring_.end(), ring_, ring_.begin(), cursor.current().stream);
  visiting_ = true;

  std::vector<std::unique_ptr<QueuedWork>> taken;
  taken.reserve(requests.size());
  for (const Waiting* request : requests) {
    taken.push_back(Extract(static_cast<const Entry&>(*request)));
  }
  return taken;
}

std::vector<std::unique_ptr<QueuedWork>> FairQueue::RemoveExpired(absl::Time now) {
  std::vector<std::unique_ptr<QueuedWork>> expired;
  while (!deadlines_.empty() && first_deadline() <= now) {
    expired.push_back(Extract(*deadlines_.begin()->second));
  }
  return expired;
}

size_t FairQueue::RemoveStream(uint64_t stream) {
  const auto known = streams_.find(stream);
  if (known == streams_.end()) return 0;
  const Entries& waiting = known->second->waiting;
  const size_t removed = waiting.size();
  for (const Entry& request : waiting) Unindex(request);
  Forget(known->second);
  return removed;
}

std::unique_ptr<QueuedWork> FairQueue::Extract(const Entry& request) {
  const Ring::iterator stream = request.stream;
  stream->deficit = Deficit(*stream);
  stream->takes = takes_;
  stream->samples -= request.samples;
  Unindex(request);
  std::unique_ptr<QueuedWork> queued = std::move(request.self->queued);
  stream->waiting.erase(request.self);
  if (stream->waiting.empty()) Forget(stream);
  return queued;
}

void FairQueue::Unindex(const Entry& request) {
  --requests_;
  samples_ -= request.samples;
  if (request.group == nullptr) {
    --batch_independent_;
  } else {
    groups_.Remove(request.group, request.samples, request.enqueued);
  }
  if (request.deadline != absl::InfiniteFuture()) {
    deadlines_.erase({request.deadline, request.number});
  }
}

void FairQueue::Forget(Ring::iterator stream) {
  if (stream == ring_.begin()) visiting_ = false;
  streams_.erase(stream->id);
  ring_.erase(stream);
}

FairQueue::Cursor::Cursor(const FairQueue& queue)
    : queue_(queue), unreached_(queue.ring_.begin()), visiting_(queue.visiting_) {}

const Waiting* FairQueue::Cursor::Next(
    absl::FunctionRef<bool(const WaitingGroups::Group*)> wanted) {
  const auto any_wanted = [&wanted](const Stream& stream) {
    return stream.mixed || wanted(stream.group);
  };
  while (const Entry* request = Step(any_wanted)) {
    if (wanted(request->group)) return request;
  }
  return nullptr;
}

const FairQueue::Entry* FairQueue::Cursor::Step(absl::FunctionRef<bool(const Stream&)> wanted) {
  while (true) {
    ++steps_;
    if (!visits_.empty()) {
      Visit& visit = current();
      if (visit.next != visit.stream->waiting.end() && visit.next->samples <= visit.deficit &&
          wanted(*visit.stream)) {
        visit.left -= visit.next->samples;
        visit.deficit -= visit.next->samples;
        return &*visit.next++;
      }
      if (visit.left > visit.deficit) again_.push_back(current_);
    }
    if (!StartVisit()) return nullptr;
  }
}

bool FairQueue::Cursor::StartVisit() {
  if (unreached_ != queue_.ring_.end()) {
    current_ = visits_.size();
    const Stream& stream = *unreached_++;
    visits_.push_back({.stream = stream.waiting.front().stream,
                       .next = stream.waiting.begin(),
                       .left = stream.samples,
                       .deficit = queue_.Deficit(stream)});
  } else if (!again_.empty()) {
    current_ = again_.front();
    again_.pop_front();
  } else {
    return false;
  }
  if (!std::exchange(visiting_, false)) current().deficit += queue_.quantum_;
  return true;
}

}  // namespace distill
