#include "teacher_server/batching/form_batch.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace distill {
namespace {

// A batch in the making.
struct Candidate {
  std::vector<size_t> members;
  int64_t samples = 0;
  absl::Time oldest = absl::InfiniteFuture();
  bool full = false;
};

void Add(size_t position, const Waiting& request, int64_t max_samples, Candidate& candidate) {
  candidate.oldest = std::min(candidate.oldest, request.enqueued);
  if (candidate.full) return;
  if (!candidate.members.empty() && request.samples > max_samples - candidate.samples) {
    candidate.full = true;
    return;
  }
  candidate.members.push_back(position);
  candidate.samples += request.samples;
  candidate.full = request.batch_independent || candidate.samples >= max_samples;
}

}  // namespace

BatchDecision FormBatch(absl::Span<const Waiting> waiting, const BatchRule& rule, absl::Time now) {
  BatchDecision decision;
  std::vector<Candidate> candidates;  // in order of their first members
  absl::flat_hash_map<absl::string_view, size_t> candidate_of_key;
  for (size_t i = 0; i < waiting.size(); ++i) {
    const Waiting& request = waiting[i];
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
    Add(i, request, rule.max_batch_samples, candidates[index]);
  }
  for (Candidate& candidate : candidates) {
    const absl::Time ready = candidate.oldest + rule.batch_delay;
    if (candidate.full || ready <= now) {
      decision.take = std::move(candidate.members);
      break;
    }
    decision.look_again = std::min(decision.look_again, ready);
  }
  return decision;
}

}  // namespace distill
