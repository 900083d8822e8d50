#include "teacher_server/batching/form_batch.h"

#include <algorithm>

namespace distill {
namespace {

using Group = WaitingGroups::Group;

// Whether requests of one key can run. They fill a batch in whatever order they come: either they
// make up exactly one, or the one that would exceed it makes it full.
bool CanRun(int64_t samples, absl::Time oldest, const BatchRule& rule, absl::Time now) {
  return samples >= rule.max_batch_samples || oldest + rule.batch_delay <= now;
}

// The batch whose first request is first in order. One must be able to run.
BatchDecision TakeFirst(const FairQueue& queue, const BatchRule& rule, absl::Time now) {
  FairQueue::Cursor cursor(queue);
  const Waiting* request = cursor.Next([&](const Group* group) {
    return group == nullptr || CanRun(group->samples(), group->oldest(), rule, now);
  });
  const Group* const group = request->group;
  BatchDecision decision{.take = {request}};
  int64_t room = rule.max_batch_samples - request->samples;
  while (group != nullptr && room > 0 && decision.take.size() < group->requests()) {
    request = cursor.Next([group](const Group* other) { return other == group; });
    if (request->samples > room) break;
    decision.take.push_back(request);
    room -= request->samples;
  }
  decision.steps = cursor.steps();
  return decision;
}

}  // namespace

BatchDecision FormBatch(const FairQueue& queue, const BatchRule& rule, absl::Time now) {
  if (queue.first_deadline() <= now) return {.remove_expired = true};
  const WaitingGroups& groups = queue.groups();
  if (queue.batch_independent() == 0 &&
      !CanRun(groups.most_samples(), groups.oldest(), rule, now)) {
    return {.look_again = std::min(queue.first_deadline(), groups.oldest() + rule.batch_delay)};
  }
  return TakeFirst(queue, rule, now);
}

}  // namespace distill
