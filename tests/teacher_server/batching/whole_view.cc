#include "tests/teacher_server/batching/whole_view.h"

#include <algorithm>
#include <map>

namespace distill::testing {

PlainDecision Decide(absl::Span<const PlainRequest> in_order, const BatchRule& rule,
                     absl::Time now) {
  struct Candidate {
    std::vector<size_t> members;
    int64_t samples = 0;
    absl::Time oldest = absl::InfiniteFuture();
    bool full = false;
  };
  PlainDecision decision;
  std::vector<Candidate> candidates;  // in order of their first members
  std::map<std::string, size_t> candidate_of_key;
  for (size_t i = 0; i < in_order.size(); ++i) {
    const PlainRequest& request = in_order[i];
    if (request.deadline <= now) {
      decision.expired.push_back(i);
      continue;
    }
    decision.look_again = std::min(decision.look_again, request.deadline);
    size_t index = candidates.size();
    if (!request.batch_independent) {
      index = candidate_of_key.try_emplace(request.key, candidates.size()).first->second;
    }
    if (index == candidates.size()) candidates.emplace_back();
    Candidate& candidate = candidates[index];
    candidate.oldest = std::min(candidate.oldest, request.enqueued);
    if (!candidate.members.empty() &&
        candidate.samples + request.samples > rule.max_batch_samples) {
      candidate.full = true;
    }
    if (candidate.full) continue;
    candidate.members.push_back(i);
    candidate.samples += request.samples;
    candidate.full = request.batch_independent || candidate.samples >= rule.max_batch_samples;
  }
  for (const Candidate& candidate : candidates) {
    const absl::Time ready = candidate.oldest + rule.batch_delay;
    if (candidate.full || ready <= now) {
      decision.take = candidate.members;
      break;
    }
    decision.look_again = std::min(decision.look_again, ready);
  }
  return decision;
}

void WholeView::Push(const PlainRequest& request) {
  auto stream = std::find_if(ring_.begin(), ring_.end(),
                             [&](const Stream& known) { return known.id == request.stream; });
  if (stream == ring_.end()) stream = ring_.insert(stream, {.id = request.stream});
  stream->waiting.push_back(request);
}

std::vector<WholeView::Place> WholeView::Walk(size_t count, std::vector<int64_t>& deficits) const {
  std::vector<Place> places;
  std::vector<size_t> next(ring_.size(), 0);
  deficits.clear();
  for (const Stream& stream : ring_) deficits.push_back(stream.deficit);
  bool visiting = visiting_;
  for (size_t at = 0; places.size() < count; at = (at + 1) % ring_.size()) {
    const std::vector<PlainRequest>& waiting = ring_[at].waiting;
    if (next[at] == waiting.size()) continue;
    if (!visiting) deficits[at] += quantum_;
    visiting = false;
    while (places.size() < count && next[at] < waiting.size() &&
           waiting[next[at]].samples <= deficits[at]) {
      deficits[at] -= waiting[next[at]].samples;
      places.push_back({at, next[at]++});
    }
  }
  return places;
}

std::vector<PlainRequest> WholeView::InOrder() const {
  std::vector<int64_t> deficits;
  std::vector<PlainRequest> in_order;
  for (const Place& place : Walk(static_cast<size_t>(requests()), deficits)) {
    in_order.push_back(ring_[place.stream].waiting[place.request]);
  }
  return in_order;
}

std::vector<PlainRequest> WholeView::Take(const std::vector<size_t>& positions) {
  std::vector<int64_t> deficits;
  const std::vector<Place> places = Walk(positions.back() + 1, deficits);
  std::vector<Place> taken;
  for (size_t i = 0; i < places.size(); ++i) {
    if (std::find(positions.begin(), positions.end(), i) != positions.end()) {
      taken.push_back(places[i]);
    } else {
      deficits[places[i].stream] += ring_[places[i].stream].waiting[places[i].request].samples;
    }
  }
  for (size_t i = 0; i < ring_.size(); ++i) {
    int64_t most = quantum_;
    for (const PlainRequest& request : ring_[i].waiting) most += request.samples;
    ring_[i].deficit = std::min(deficits[i], most);
  }
  std::vector<PlainRequest> requests = Extract(taken);
  std::rotate(ring_.begin(), ring_.begin() + static_cast<std::ptrdiff_t>(places.back().stream),
              ring_.end());
  visiting_ = true;
  ForgetEmptyStreams();
  return requests;
}

std::vector<PlainRequest> WholeView::Remove(const std::vector<size_t>& positions) {
  std::vector<int64_t> deficits;
  const std::vector<Place> places = Walk(positions.back() + 1, deficits);
  std::vector<Place> removed;
  for (const size_t position : positions) removed.push_back(places[position]);
  std::vector<PlainRequest> requests = Extract(removed);
  ForgetEmptyStreams();
  return requests;
}

size_t WholeView::RemoveStream(uint64_t stream) {
  for (Stream& known : ring_) {
    if (known.id != stream) continue;
    const size_t removed = known.waiting.size();
    known.waiting.clear();
    ForgetEmptyStreams();
    return removed;
  }
  return 0;
}

int64_t WholeView::requests() const {
  int64_t requests = 0;
  for (const Stream& stream : ring_) requests += static_cast<int64_t>(stream.waiting.size());
  return requests;
}

int64_t WholeView::samples() const {
  int64_t samples = 0;
  for (const Stream& stream : ring_) {
    for (const PlainRequest& request : stream.waiting) samples += request.samples;
  }
  return samples;
}

std::vector<PlainRequest> WholeView::Extract(const std::vector<Place>& places) {
  std::vector<PlainRequest> requests;
  for (const Place& place : places) {
    requests.push_back(ring_[place.stream].waiting[place.request]);
  }
  // From the back, so that the places in front stay true.
  for (auto place = places.rbegin(); place != places.rend(); ++place) {
    std::vector<PlainRequest>& waiting = ring_[place->stream].waiting;
    waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(place->request));
  }
  return requests;
}

void WholeView::ForgetEmptyStreams() {
  if (!ring_.empty() && ring_.front().waiting.empty()) visiting_ = false;
  std::erase_if(ring_, [](const Stream& stream) { return stream.waiting.empty(); });
}

}  // namespace distill::testing
