// How a pool starts: which teachers it tries, how long it waits, and which one it chooses.
#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/random.h"
#include "common/base/status_macros.h"
#include "common/client/pool/teacher_pool.h"
#include "common/rpc/address.h"
#include "common/rpc/proxy.h"

namespace distill {
namespace {

// How much longer the others may take once one is connected, so that the order of the addresses
// decides between teachers that differ, and not which was faster.
constexpr absl::Duration kSettleTime = absl::Seconds(2);

// A name may stand for several servers; what means this machine does not.
std::string HostToLookUp(const Address& address) {
  if (address.kind != Address::Kind::kTcp || IsNumeric(address) || IsLoopback(address)) return "";
  // The proxy looks it up: its lists of what is allowed have names.
  return ProxyFor(address).has_value() ? "" : address.host;
}

StreamLimits SmallerOf(const StreamLimits& a, const StreamLimits& b) {
  return {.credits = std::min(a.credits, b.credits),
          .max_request_samples = std::min(a.max_request_samples, b.max_request_samples),
          .max_message_bytes = std::min(a.max_message_bytes, b.max_message_bytes),
          .max_length = std::min(a.max_length, b.max_length)};
}

}  // namespace

absl::Status TeacherPoolOptions::Validate() const {
  if (addresses.empty()) return CheckGiven("addresses", "", "at least one");
  std::set<std::string> seen;
  for (const std::string& address : addresses) {
    TeacherClientOptions one = teacher;
    one.address = address;
    RETURN_IF_ERROR(one.Validate());
    if (!seen.insert(ParseAddress(address)->ToString()).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("address '", address, "': it is given twice; name each teacher once"));
    }
  }
  return absl::OkStatus();
}

TeacherPool::TeacherPool(const TeacherPoolOptions& options, Clock& clock)
    : options_(options), clock_(clock) {}

absl::StatusOr<std::unique_ptr<TeacherPool>> TeacherPool::Connect(const TeacherPoolOptions& options,
                                                                  Clock& clock,
                                                                  std::stop_token stop) {
  RETURN_IF_ERROR(options.Validate());
  std::unique_ptr<TeacherPool> pool(new TeacherPool(options, clock));
  pool->StartMembers();
  {
    MutexLock lock(pool->join_mutex_);
    pool->thread_ = std::thread([raw = pool.get()] { raw->Run(); });
  }
  RETURN_IF_ERROR(pool->AwaitFirst(stop));
  return pool;
}

// A name that cannot be looked up is left to gRPC, which looks it up in its own way, and reports
// failures until it succeeds. No teacher is tried before all names were looked up: one that fails
// at once must not be the only member.
void TeacherPool::StartMembers() {
  std::vector<PoolAddress> addresses;
  std::vector<std::vector<std::string>> ips_of;
  for (const std::string& text : options_.addresses) {
    PoolAddress address = {.text = text, .host = HostToLookUp(*ParseAddress(text))};
    std::vector<std::string> ips;
    if (!address.host.empty()) {
      address.backoff.emplace(options_.teacher.backoff,
                              MixSeed({static_cast<uint64_t>(absl::ToUnixNanos(clock_.Now()))}));
      ips = OneAddressAServer(options_.resolve(address.host).value_or(std::vector<std::string>()));
      address.next_lookup = clock_.Now() + address.backoff->Next();
      address.next_refresh = clock_.Now() + options_.lookup_interval;
      address.family_since = clock_.Now();
    }
    address.has_ips = !ips.empty();
    if (!address.has_ips) ips = {""};
    address.most_members = static_cast<int64_t>(ips.size());
    addresses.push_back(std::move(address));
    ips_of.push_back(std::move(ips));
  }
  MutexLock lock(mutex_);
  addresses_ = std::move(addresses);
  for (size_t i = 0; i < ips_of.size(); ++i) {
    for (const std::string& ip : ips_of[i]) AddMember(i, ip);
  }
}

absl::Status TeacherPool::AwaitFirst(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    MutexLock lock(mutex_);
    changed_.NotifyAll();
  });
  MutexLock lock(mutex_);
  absl::Time give_up = clock_.Now() + options_.teacher.connect_timeout;
  absl::Time deadline = give_up;
  bool announced = false;
  std::vector<PoolMember*> connected;
  while (true) {
    RETURN_IF_ERROR(failure_);
    if (stop.stop_requested()) return absl::CancelledError("interrupted");
    connected.clear();
    bool trying = false;
    const PoolMember* starting = nullptr;
    for (const auto& member : members_.present()) {
      // In this order: one that connects in between is not taken for one that failed.
      trying = trying || !member->client->attempted();
      if (member->client->connected()) connected.push_back(member.get());
      if (member->client->starting()) starting = member.get();
    }
    const absl::Time now = clock_.Now();
    if (connected.empty() && starting != nullptr) {
      give_up = deadline = now + options_.teacher.connect_timeout;
      if (!std::exchange(announced, true)) {
        log::Info(absl::StrCat("the teacher at ", starting->name, " is starting: waiting for it"));
      }
    }
    if (!connected.empty()) deadline = std::min(deadline, now + kSettleTime);
    if (!connected.empty() && (!trying || now >= deadline)) break;
    if (now >= give_up) return Unreached();
    clock_.WaitUntil(changed_, mutex_, deadline);
  }
  ChooseTeacher(connected);
  announced_ = StateLocked();
  return failure_;
}

absl::Status TeacherPool::Unreached() const {
  std::vector<absl::Status> removed;
  for (const PoolAddress& address : addresses_) {
    for (const auto& [ip, why] : address.unreached) removed.push_back(why);
  }
  absl::Status why = members_.Describe(removed);
  const bool may_come_later =
      std::any_of(members_.present().begin(), members_.present().end(),
                  [](const auto& member) { return member->client->may_come_later(); });
  if (!may_come_later || !absl::IsUnavailable(why)) return why;
  return absl::UnavailableError(
      absl::StrCat(why.message(), "; start it, or set `connect_timeout` to wait longer for it"));
}

void TeacherPool::ChooseTeacher(const std::vector<PoolMember*>& connected) {
  chosen_ = connected.front()->client->granted();
  chosen_name_ = connected.front()->name;
  Granted any_limits = *chosen_;
  any_limits.limits = {.max_request_samples = 0, .max_message_bytes = 0, .max_length = 0};
  for (const PoolMember* member : connected) {
    const Granted& granted = member->client->granted();
    if (CheckSameTeacher(any_limits, granted, SameNumerics::kNotNeeded).ok()) {
      chosen_->limits = SmallerOf(chosen_->limits, granted.limits);
    }
  }
  for (const auto& member : members_.present()) {
    const bool is_connected =
        std::find(connected.begin(), connected.end(), member.get()) != connected.end();
    if (is_connected) continue;
    log::Warning(
        absl::StrCat(member->WhyLost().message(), "; continuing without it, and trying again"));
  }
  // A teacher that fits is admitted even if it is lost by now.
  for (PoolMember* member : connected) {
    if (CheckFits(*member).ok()) Admit(*member);
  }
  for (PoolMember* member : connected) Refresh(*member);
}

}  // namespace distill
