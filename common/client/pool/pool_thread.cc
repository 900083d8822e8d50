// The pool's thread: looks names up, and ends the clients of those that were dropped or removed.
// And how the pool ends.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/client/pool/teacher_pool.h"

namespace distill {
namespace {

// How long the addresses of one family are tried where no attempt ends.
constexpr absl::Duration kFamilyPatience = absl::Seconds(5);

}  // namespace

void TeacherPool::Run() {
  while (true) {
    std::vector<std::unique_ptr<PoolMember>> retired;
    std::optional<size_t> lookup;
    std::string host;
    {
      MutexLock lock(mutex_);
      while (true) {
        if (stopping_) return;
        absl::Time wake = absl::InfiniteFuture();
        retired = members_.TakeRetired();
        lookup = NextLookup(&wake);
        if (!retired.empty() || lookup.has_value()) break;
        clock_.WaitUntil(changed_, mutex_, wake);
      }
      if (lookup.has_value()) host = addresses_[*lookup].host;
    }
    // Not under the lock: their callbacks take it.
    for (const auto& member : retired) member->client->Stop();
    if (!lookup.has_value()) continue;
    const absl::StatusOr<std::vector<std::string>> found = options_.resolve(host);
    {
      MutexLock lock(mutex_);
      PoolAddress& address = addresses_[*lookup];
      address.next_lookup = clock_.Now() + address.backoff->Next();
      address.next_refresh = clock_.Now() + options_.lookup_interval;
      if (found.ok() && !stopping_) {
        std::erase_if(address.unreached, [&](const auto& reason) {
          return std::find(found->begin(), found->end(), reason.first) == found->end();
        });
        Reconcile(*lookup, ChooseFamily(*lookup, *found));
      }
    }
    Deliver();
  }
}

// The address to look up now; else *wake is when that may be.
std::optional<size_t> TeacherPool::NextLookup(absl::Time* wake) {
  for (size_t i = 0; i < addresses_.size(); ++i) {
    PoolAddress& address = addresses_[i];
    if (address.host.empty()) continue;
    const bool is_lost =
        std::any_of(members_.present().begin(), members_.present().end(), [i](const auto& member) {
          return member->address == i && member->client->state() == TeacherState::kLost;
        });
    // A removed member may be replaced much later: the lookups become rarer, but never stop.
    const bool is_missing = address.has_ips && members_.CountOf(i) < address.most_members;
    absl::Time next = std::min(address.next_lookup, address.next_refresh);
    if (!is_lost && !is_missing) {
      address.backoff->Reset();
      address.next_lookup = absl::InfinitePast();
      next = address.next_refresh;
    }
    if (next <= clock_.Now()) return i;
    *wake = std::min(*wake, next);
  }
  return std::nullopt;
}

// Whether it was reached by the name alone while another serves at one of the name's addresses: it
// might be the same server, counted twice.
bool TeacherPool::IsSuperseded(const PoolMember& member) const {
  if (!member.ip.empty()) return false;
  return std::any_of(members_.present().begin(), members_.present().end(), [&](const auto& other) {
    return other->address == member.address && !other->ip.empty() && other->TakesRequests();
  });
}

// A machine without a route of one family, or a server that listens on one alone, is reached by the
// other: while no member ever was, the families take turns.
std::vector<std::string> TeacherPool::ChooseFamily(size_t address,
                                                   const std::vector<std::string>& found) {
  PoolAddress& of = addresses_[address];
  const auto chosen = [&] {
    return of.other_family ? OtherFamily(found) : OneAddressAServer(found);
  };
  bool failed = true;  // every attempt has
  for (const auto& member : members_.present()) {
    if (member->address != address) continue;
    if (member->client->connected() || member->client->starting()) return chosen();
    failed = failed && member->client->attempted();
  }
  const absl::Time now = clock_.Now();
  if (!of.was_admitted && of.has_ips && (failed || now - of.family_since >= kFamilyPatience)) {
    of.other_family = !of.other_family;
    of.family_since = now;
    of.most_members = 0;
  }
  return chosen();
}

// Makes an address's members those that its name has now; a connected member stays.
void TeacherPool::Reconcile(size_t address, const std::vector<std::string>& ips) {
  PoolAddress& of = addresses_[address];
  if (ips.empty()) return;
  std::vector<PoolMember*> past;
  for (const auto& member : members_.present()) {
    if (member->address != address) continue;
    const bool is_named = std::find(ips.begin(), ips.end(), member->ip) != ips.end();
    const bool is_lost = member->client->state() == TeacherState::kLost;
    if ((is_lost && !is_named) || IsSuperseded(*member)) past.push_back(member.get());
  }
  for (const std::string& ip : ips) {
    if (members_.Knows(address, ip)) continue;
    if (of.was_admitted) log::Info(absl::StrCat(of.text, " has a new address: ", ip));
    AddMember(address, ip);
  }
  of.has_ips = true;
  for (PoolMember* member : past) {
    // It is the only member: no replacement was found.
    if (members_.present().size() == 1) break;
    if (member->IsProven() && !members_.AnyProven(member)) continue;
    if (!member->ip.empty() && of.was_admitted) {
      log::Info(absl::StrCat(member->name, " was removed: the name has other addresses"));
    }
    KeepReason(*member);
    members_.Remove(*member, of.text);
  }
  NoteLoss();  // a removed member may have been the last one that was not known to be lost
  of.most_members = std::max(of.most_members, members_.CountOf(address));
}

void TeacherPool::KeepReason(const PoolMember& member) {
  auto& unreached = addresses_[member.address].unreached;
  if (chosen_.has_value()) {
    unreached.clear();
  } else if (!member.ip.empty()) {
    unreached.insert_or_assign(member.ip, member.WhyLost());
  }
}

void TeacherPool::AddMember(size_t address, const std::string& ip) {
  TeacherClientOptions teacher = options_.teacher;
  teacher.address = addresses_[address].text;
  teacher.ip = ip;
  PoolMember& member = members_.Add(address, ip, teacher.TeacherName());
  member.is_successor = addresses_[address].was_admitted;
  if (const auto reason = addresses_[address].unreached.extract(ip); !reason.empty()) {
    member.before = reason.mapped();
  }
  member.client = TeacherClient::Start(teacher, clock_, [this, &member] { OnChange(member); });
}

void TeacherPool::Stop() {
  std::vector<Completion> cancelled;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    cancelled = TakeAll(absl::CancelledError("the pool of teachers was stopped"));
    changed_.NotifyAll();
  }
  for (Completion& completion : cancelled) completion.callback(std::move(completion.result));
  MutexLock lock(join_mutex_);
  if (thread_.joinable()) thread_.join();
  // The thread has ended: members are no longer added or destroyed.
  std::vector<TeacherClient*> clients;
  {
    MutexLock members_lock(mutex_);
    for (const auto& member : members_.present()) clients.push_back(member->client.get());
    for (const auto& member : members_.retired()) clients.push_back(member->client.get());
  }
  for (TeacherClient* client : clients) client->Stop();
}

}  // namespace distill
