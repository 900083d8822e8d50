#include "common/client/pool/pool_members.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace distill {
namespace {

void Add(const ClientStats& more, ClientStats* sum) {
  sum->answers += more.answers;
  sum->samples_answered += more.samples_answered;
  sum->bytes_sent += more.bytes_sent;
  sum->bytes_received += more.bytes_received;
  sum->reconnects += more.reconnects;
}

}  // namespace

PoolMember& PoolMembers::Add(size_t address, const std::string& ip, const std::string& name) {
  auto member = std::make_unique<PoolMember>();
  member->address = address;
  member->ip = ip;
  member->name = name;
  member->counted_as = name;
  answered_.try_emplace(name, 0);
  const auto after = std::find_if(present_.begin(), present_.end(),
                                  [&](const auto& other) { return other->address > address; });
  return **present_.insert(after, std::move(member));
}

int64_t PoolMembers::CountOf(size_t address) const {
  return std::count_if(present_.begin(), present_.end(),
                       [&](const auto& member) { return member->address == address; });
}

PoolMember* PoolMembers::LeastOutstanding(int64_t samples) const {
  PoolMember* best = nullptr;
  for (const auto& member : present_) {
    if (!member->TakesRequests() || member->outstanding + samples > member->credits) continue;
    if (best == nullptr ||
        std::tie(member->outstanding, member->asked) < std::tie(best->outstanding, best->asked)) {
      best = member.get();
    }
  }
  return best;
}

bool PoolMembers::AnyConnected() const {
  return std::any_of(present_.begin(), present_.end(), [](const auto& member) {
    return member->admitted && member->state != TeacherState::kLost;
  });
}

bool PoolMembers::AnyProven(const PoolMember* but_for) const {
  return std::any_of(present_.begin(), present_.end(), [&](const auto& member) {
    return member->IsProven() && member.get() != but_for;
  });
}

int64_t PoolMembers::credits() const {
  int64_t credits = 0;
  for (const auto& member : present_) credits += member->credits;
  return credits;
}

void PoolMembers::Drop(PoolMember& member, absl::Status why) {
  dropped_.push_back({member.address, member.ip, std::move(why)});
  Retire(member);
}

void PoolMembers::Remove(PoolMember& member, const std::string& counted_as) {
  const auto counted = answered_.extract(std::exchange(member.counted_as, counted_as));
  if (!counted.empty()) CountAnswered(member, counted.mapped());
  Retire(member);
}

void PoolMembers::Retire(PoolMember& member) {
  member.gone = true;
  distill::Add(member.client->stats(), &past_);
  const auto found = std::find_if(present_.begin(), present_.end(),
                                  [&](const auto& other) { return other.get() == &member; });
  retired_.push_back(std::move(*found));
  present_.erase(found);
}

bool PoolMembers::Knows(size_t address, const std::string& ip) const {
  const auto matches = [&](const auto& other) {
    return other.address == address && other.ip == ip;
  };
  return std::any_of(dropped_.begin(), dropped_.end(), matches) ||
         std::any_of(present_.begin(), present_.end(),
                     [&](const auto& member) { return matches(*member); });
}

std::vector<std::unique_ptr<PoolMember>> PoolMembers::TakeRetired() {
  return std::exchange(retired_, {});
}

absl::Status PoolMembers::Describe(absl::Span<const absl::Status> more) const {
  std::vector<absl::Status> reasons;
  const auto add = [&](absl::Status reason) {
    // A file that cannot be read is the same for all.
    const bool is_new = std::find(reasons.begin(), reasons.end(), reason) == reasons.end();
    if (!reason.ok() && is_new) reasons.push_back(std::move(reason));
  };
  for (const auto& member : present_) {
    absl::Status reason = member->WhyLost();
    // It may be connected again by now.
    add(reason.ok() ? member->client->last_loss() : std::move(reason));
  }
  for (const Dropped& dropped : dropped_) add(dropped.why);
  for (const absl::Status& reason : more) add(reason);
  if (reasons.empty()) return absl::UnavailableError("no teacher can be used: none is connected");
  if (reasons.size() == 1) return reasons.front();
  const auto append = [](std::string* out, const auto& r) { absl::StrAppend(out, r.message()); };
  return absl::Status(
      reasons.front().code(),
      absl::StrCat("no teacher can be used: ", absl::StrJoin(reasons, ", and ", append)));
}

ClientStats PoolMembers::stats() const {
  ClientStats sum = past_;
  std::optional<int64_t> fewest;
  for (const auto& member : present_) {
    const ClientStats stats = member->client->stats();
    distill::Add(stats, &sum);
    if (!member->admitted) continue;
    fewest = std::min(fewest.value_or(stats.fruitless_losses), stats.fruitless_losses);
  }
  sum.fruitless_losses = fewest.value_or(0);
  return sum;
}

}  // namespace distill
