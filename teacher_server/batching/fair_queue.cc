#include "teacher_server/batching/fair_queue.h"

#include <algorithm>
#include <iterator>

namespace distill {

void FairQueue::Push(QueuedWork work) {
  const auto [known, added] = streams_.try_emplace(work.work.stream);
  if (added) known->second = ring_.insert(ring_.end(), {.id = work.work.stream});
  ++requests_;
  samples_ += work.work.request.samples;
  known->second->samples += work.work.request.samples;
  known->second->waiting.push_back(std::move(work));
}

std::vector<FairQueue::Visit> FairQueue::Start() const {
  std::vector<Visit> visits;
  for (const Stream& stream : ring_) {
    visits.push_back({.stream = streams_.at(stream.id), .deficit = stream.deficit});
  }
  return visits;
}

size_t FairQueue::Walk(std::vector<Visit>& visits,
                       absl::FunctionRef<bool(size_t, size_t)> serve) const {
  bool visiting = visiting_;
  size_t at = 0;
  for (int64_t left = requests_; left > 0; at = (at + 1) % visits.size()) {
    Visit& visit = visits[at];
    const std::deque<QueuedWork>& waiting = visit.stream->waiting;
    if (visit.next == waiting.size()) continue;
    if (!std::exchange(visiting, false)) visit.deficit += quantum_;
    while (visit.next < waiting.size() &&
           waiting[visit.next].work.request.samples <= visit.deficit) {
      visit.deficit -= waiting[visit.next].work.request.samples;
      --left;
      if (!serve(at, visit.next++)) return at;
    }
  }
  return at;
}

std::vector<Waiting> FairQueue::View() const {
  std::vector<Waiting> view;
  view.reserve(static_cast<size_t>(requests_));
  std::vector<Visit> visits = Start();
  Walk(visits, [&](size_t visit, size_t request) {
    const QueuedWork& queued = visits[visit].stream->waiting[request];
    view.push_back({.samples = queued.work.request.samples,
                    .enqueued = queued.enqueued,
                    .deadline = queued.work.deadline,
                    .batch_independent = queued.work.request.batch_independent,
                    .key = queued.key});
    return true;
  });
  return view;
}

std::vector<QueuedWork> FairQueue::Take(absl::Span<const size_t> positions) {
  if (positions.empty()) return {};
  std::vector<Visit> visits = Start();
  std::vector<std::pair<size_t, size_t>> requests;
  std::vector<int64_t> passed_over(visits.size(), 0);  // samples that were not taken after all
  size_t position = 0;
  const size_t last = Walk(visits, [&](size_t visit, size_t request) {
    if (position++ == positions[requests.size()]) {
      requests.emplace_back(visit, request);
    } else {
      passed_over[visit] += visits[visit].stream->waiting[request].work.request.samples;
    }
    return requests.size() < positions.size();
  });
  for (size_t i = 0; i < visits.size(); ++i) {
    // No more than what waits could cost: who is passed over again and again does not hoard.
    visits[i].stream->deficit =
        std::min(visits[i].deficit + passed_over[i], quantum_ + visits[i].stream->samples);
  }
  ring_.splice(ring_.end(), ring_, ring_.begin(), visits[last].stream);
  visiting_ = true;
  return Extract(visits, requests);
}

std::vector<QueuedWork> FairQueue::Remove(absl::Span<const size_t> positions) {
  std::vector<Visit> visits = Start();
  std::vector<std::pair<size_t, size_t>> requests;
  size_t position = 0;
  Walk(visits, [&](size_t visit, size_t request) {
    if (requests.size() < positions.size() && position++ == positions[requests.size()]) {
      requests.emplace_back(visit, request);
    }
    return requests.size() < positions.size();
  });
  return Extract(visits, requests);
}

std::vector<QueuedWork> FairQueue::Extract(const std::vector<Visit>& visits,
                                           const std::vector<std::pair<size_t, size_t>>& requests) {
  std::vector<QueuedWork> extracted;
  extracted.reserve(requests.size());
  for (const auto& [visit, request] : requests) {
    QueuedWork& queued = visits[visit].stream->waiting[request];
    --requests_;
    samples_ -= queued.work.request.samples;
    visits[visit].stream->samples -= queued.work.request.samples;
    extracted.push_back(std::move(queued));
  }
  // From the back, so that the positions in front stay true.
  for (auto request = requests.rbegin(); request != requests.rend(); ++request) {
    std::deque<QueuedWork>& waiting = visits[request->first].stream->waiting;
    waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(request->second));
  }
  for (const Visit& visit : visits) {
    if (visit.stream->waiting.empty()) Forget(visit.stream);
  }
  return extracted;
}

size_t FairQueue::RemoveStream(uint64_t stream) {
  const auto known = streams_.find(stream);
  if (known == streams_.end()) return 0;
  const std::deque<QueuedWork>& waiting = known->second->waiting;
  const size_t removed = waiting.size();
  requests_ -= static_cast<int64_t>(removed);
  for (const QueuedWork& queued : waiting) samples_ -= queued.work.request.samples;
  Forget(known->second);
  return removed;
}

void FairQueue::Forget(Ring::iterator stream) {
  if (stream == ring_.begin()) visiting_ = false;
  streams_.erase(stream->id);
  ring_.erase(stream);
}

}  // namespace distill
