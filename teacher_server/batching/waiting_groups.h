// WaitingGroups: how much waits of each batch key, and since when.
//
// Requests of one key can be computed in one batch. The index says without a walk along the queue
// whether any of them could fill a batch, and which has waited longest. With g groups and r
// requests in one of them, Add and Remove cost O(log g + log r), and everything else O(1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/container/btree_set.h"
#include "absl/container/node_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace distill {

// Not thread-safe: its owner locks.
class WaitingGroups {
 public:
  // The waiting requests of one key, of which there is at least one. Only the index changes it.
  class Group {
   public:
    int64_t samples() const { return samples_; }
    size_t requests() const { return enqueued_.size(); }
    absl::Time oldest() const { return *enqueued_.begin(); }

   private:
    friend class WaitingGroups;
    absl::string_view key_;
    int64_t samples_ = 0;
    absl::btree_multiset<absl::Time> enqueued_;
  };

  // Adds a request to the group of its key, and returns the group. It stays where it is until its
  // last request is removed.
  Group* Add(absl::string_view key, int64_t samples, absl::Time enqueued);

  // Removes a request that was added with these values.
  void Remove(Group* group, int64_t samples, absl::Time enqueued);

  // The samples of the group that has most; 0: there is no group.
  int64_t most_samples() const { return by_samples_.empty() ? 0 : by_samples_.rbegin()->first; }

  // When the oldest request of all groups was enqueued.
  absl::Time oldest() const {
    return by_oldest_.empty() ? absl::InfiniteFuture() : by_oldest_.begin()->first;
  }

 private:
  absl::node_hash_map<std::string, Group> groups_;
  absl::btree_set<std::pair<int64_t, const Group*>> by_samples_;
  absl::btree_set<std::pair<absl::Time, const Group*>> by_oldest_;
};

}  // namespace distill
