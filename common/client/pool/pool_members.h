// PoolMembers: the teachers of a pool, and what the pool knows of each.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/client/session/teacher_client.h"

namespace distill {

// Guarded by the pool's mutex, except the constant fields.
struct PoolMember {
  size_t address = 0;      // which of the pool's; constant
  std::string ip;          // of the address's host, if it is one of several; constant
  std::string name;        // for messages; constant
  std::string counted_as;  // in PoolMembers::answered()
  std::unique_ptr<TeacherClient> client;
  absl::Status before;  // why one at the same ip was not connected, which this one replaced

  bool admitted = false;                     // found to be the same teacher as the others
  bool is_successor = false;                 // of one that was admitted, at the same name
  bool gone = false;                         // dropped or removed: nothing counts any more
  TeacherState state = TeacherState::kLost;  // as it was seen last
  int64_t credits = 0;                       // its own, of its first stream
  int64_t outstanding = 0;                   // samples, asked and not answered
  int64_t asked = 0;                         // samples, ever

  // Whether it is worth waiting for: it was admitted, or follows one that was.
  bool IsProven() const { return admitted || is_successor; }
  bool TakesRequests() const { return admitted && !gone && state == TeacherState::kConnected; }
  // Why it is not connected; OK if it is.
  absl::Status WhyLost() const {
    return before.ok() || client->attempted() ? client->status() : before;
  }
};

// Not thread-safe. A member lives until what TakeRetired returned with it is destroyed; its client
// must have been stopped before that.
class PoolMembers {
 public:
  PoolMember& Add(size_t address, const std::string& ip, const std::string& name);

  // In the order of their addresses.
  const std::vector<std::unique_ptr<PoolMember>>& present() const { return present_; }

  // How many are present of an address.
  int64_t CountOf(size_t address) const;

  // The one to ask for `samples`: of those with so many credits left the one with the fewest
  // samples outstanding, and of those the one that was asked for the fewest; null: none has room.
  PoolMember* LeastOutstanding(int64_t samples) const;

  // Whether there is one that was admitted and is not lost.
  bool AnyConnected() const;

  // Whether there is one that is proven, besides `but_for`.
  bool AnyProven(const PoolMember* but_for = nullptr) const;

  // Of all that were admitted, lost ones too: what is outstanding does not exceed the credits
  // because a teacher went away for a while.
  int64_t credits() const;

  // Both take a member out of present(). Drop is permanent, and keeps the reason. Remove is for a
  // member whose address was replaced: what it answered is added to `counted_as`, because the
  // number of such members is not bounded.
  void Drop(PoolMember& member, absl::Status why);
  void Remove(PoolMember& member, const std::string& counted_as);

  // Whether an address's teacher at `ip` is present, or was dropped.
  bool Knows(size_t address, const std::string& ip) const;

  // Dropped and removed ones, whose clients are still to be stopped.
  const std::vector<std::unique_ptr<PoolMember>>& retired() const { return retired_; }
  std::vector<std::unique_ptr<PoolMember>> TakeRetired();

  // Why no member can be used: each member's last loss, the reasons of the dropped ones, and
  // `more`. The code is that of the first; a single reason is returned as it is.
  absl::Status Describe(absl::Span<const absl::Status> more = {}) const;

  // Sums over all members there ever were, without `losses`; `fruitless_losses` are the fewest of a
  // present one that was admitted.
  ClientStats stats() const;

  // Counts an answer.
  void CountAnswered(const PoolMember& member, int64_t samples) {
    answered_[member.counted_as] += samples;
  }
  // Samples by name, for all members there ever were; removed ones by their `counted_as`.
  const std::map<std::string, int64_t>& answered() const { return answered_; }

 private:
  struct Dropped {
    size_t address;
    std::string ip;
    absl::Status why;
  };

  void Retire(PoolMember& member);

  std::vector<std::unique_ptr<PoolMember>> present_;
  std::vector<std::unique_ptr<PoolMember>> retired_;
  std::vector<Dropped> dropped_;
  ClientStats past_;  // of those that retired
  std::map<std::string, int64_t> answered_;
};

}  // namespace distill
