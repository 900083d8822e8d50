#include "teacher_server/batching/waiting_groups.h"

namespace distill {

WaitingGroups::Group* WaitingGroups::Add(absl::string_view key, int64_t samples,
                                         absl::Time enqueued) {
  const auto [found, added] = groups_.try_emplace(key);
  Group& group = found->second;
  if (added) group.key_ = found->first;
  if (added || enqueued < group.oldest()) {
    if (!added) by_oldest_.erase({group.oldest(), &group});
    by_oldest_.insert({enqueued, &group});
  }
  group.enqueued_.insert(enqueued);
  by_samples_.erase({group.samples_, &group});
  group.samples_ += samples;
  by_samples_.insert({group.samples_, &group});
  return &group;
}

void WaitingGroups::Remove(Group* group, int64_t samples, absl::Time enqueued) {
  const absl::Time oldest = group->oldest();
  group->enqueued_.erase(group->enqueued_.find(enqueued));
  by_samples_.erase({group->samples_, group});
  group->samples_ -= samples;
  if (group->enqueued_.empty()) {
    by_oldest_.erase({oldest, group});
    groups_.erase(group->key_);
    return;
  }
  by_samples_.insert({group->samples_, group});
  if (group->oldest() != oldest) {
    by_oldest_.erase({oldest, group});
    by_oldest_.insert({group->oldest(), group});
  }
}

}  // namespace distill
