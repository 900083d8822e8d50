#include "common/client/pool/host_resolver.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/mutex.h"

namespace distill {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(3);

using Addresses = absl::StatusOr<std::vector<std::string>>;

Addresses LookUp(const std::string& host) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;  // none of a family that this machine has no address of
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot look up the host '", host, "': ", ::gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, ::freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    char text[NI_MAXHOST];
    if (::getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof(text), nullptr, 0,
                      NI_NUMERICHOST) == 0) {
      addresses.emplace_back(text);
    }
  }
  return addresses;
}

struct Lookup {
  Mutex mutex;
  CondVar changed;
  std::optional<Addresses> result ABSL_GUARDED_BY(mutex);
};

}  // namespace

// getaddrinfo cannot be stopped and may take half a minute. Its thread may therefore outlive this
// call, and shares the ownership of `lookup`.
absl::StatusOr<std::vector<std::string>> ResolveHost(const std::string& host) {
  auto lookup = std::make_shared<Lookup>();
  std::thread([lookup, host] {
    Addresses addresses = LookUp(host);
    MutexLock lock(lookup->mutex);
    lookup->result = std::move(addresses);
    lookup->changed.NotifyAll();
  }).detach();
  const absl::Time deadline = absl::Now() + kPatience;
  MutexLock lock(lookup->mutex);
  while (!lookup->result.has_value() && absl::Now() < deadline) {
    lookup->changed.WaitUntil(lookup->mutex, deadline);
  }
  if (lookup->result.has_value()) return *std::move(lookup->result);
  return absl::UnavailableError(absl::StrCat(
      "cannot look up the host '", host, "': no answer within ", absl::FormatDuration(kPatience)));
}

std::vector<std::string> OneAddressAServer(const std::vector<std::string>& addresses) {
  std::set<std::string> v4;
  std::set<std::string> v6;
  for (const std::string& address : addresses) {
    (absl::StrContains(address, ':') ? v6 : v4).insert(address);
  }
  const bool prefers_v6 = !addresses.empty() && absl::StrContains(addresses.front(), ':');
  const bool takes_v6 = v6.size() > v4.size() || (v6.size() == v4.size() && prefers_v6);
  const std::set<std::string>& chosen = takes_v6 ? v6 : v4;
  return {chosen.begin(), chosen.end()};
}

std::vector<std::string> OtherFamily(const std::vector<std::string>& addresses) {
  const std::vector<std::string> chosen = OneAddressAServer(addresses);
  std::set<std::string> others(addresses.begin(), addresses.end());
  for (const std::string& address : chosen) others.erase(address);
  return others.empty() ? chosen : std::vector<std::string>(others.begin(), others.end());
}

}  // namespace distill
