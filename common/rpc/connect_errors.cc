#include "common/rpc/connect_errors.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/files.h"
#include "common/base/known_names.h"
#include "common/base/status.h"
#include "common/rpc/address.h"
#include "common/rpc/certificate_names.h"
#include "common/rpc/proxy.h"

namespace distill {
namespace {

constexpr absl::Duration kNamesTimeout = absl::Seconds(2);

bool SaysOneOf(const absl::Status& end, std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](const char* each) { return absl::StrContains(end.message(), each); });
}

bool IsOtherName(const absl::Status& end) { return SaysOneOf(end, {"not in peer certificate"}); }

// For a socket that this user must not write to.
std::string SocketHint(absl::string_view address) {
  absl::ConsumePrefix(&address, "unix:");
  const std::string owner = OtherOwner(std::string(address));
  return absl::StrCat("; ", owner.empty() ? "" : absl::StrCat("it belongs to ", owner, ": "),
                      "set the server's `socket_mode` to 666, or run as its user");
}

std::string ClosedHint(const ClientSecurity& security) {
  if (!security.UsesTls()) {
    return "; a server that wants TLS closes connections without it: set `tls_ca`, or `tls` where "
           "the system trusts the server's authority";
  }
  if (security.certificate.empty()) {
    return "; a server that wants client certificates closes connections without one: set "
           "`tls_cert` and `tls_key`";
  }
  return "; a server closes connections whose client certificate it does not trust";
}

std::string HintFor(ConnectFault fault, absl::string_view address, const ClientSecurity& security) {
  switch (fault) {
    case ConnectFault::kAbsent:
    case ConnectFault::kHandshake:
      break;
    case ConnectFault::kProxyWithoutServer:
      return "; a proxy answers for a server that is not up";
    case ConnectFault::kSocketMode:
      return SocketHint(address);
    case ConnectFault::kOtherName:
      return "; connect by a name that the certificate has, or set `tls_server_name` to it";
    case ConnectFault::kUntrusted:
      return "; set `tls_ca` to the authority that signed the server's certificate, and renew a "
             "certificate that has expired";
    case ConnectFault::kNoTls:
      return "; a server without TLS answers so: leave the options of TLS out";
    case ConnectFault::kClosed:
      return ClosedHint(security);
  }
  return "";
}

// Nullopt for what is not an address.
std::optional<Address> AddressIn(absl::string_view text) {
  absl::StatusOr<Address> parsed = ParseAddress(text.substr(0, text.find(' ')));
  return parsed.ok() ? std::optional<Address>(*std::move(parsed)) : std::nullopt;
}

}  // namespace

ConnectFault FaultOf(const absl::Status& end, absl::string_view address) {
  if (absl::StartsWith(address, "unix:") && SaysOneOf(end, {"Permission denied"})) {
    return ConnectFault::kSocketMode;
  }
  if (IsProxyWithoutServer(end)) return ConnectFault::kProxyWithoutServer;
  if (IsOtherName(end)) return ConnectFault::kOtherName;
  if (SaysOneOf(end, {"certificate verify failed"})) return ConnectFault::kUntrusted;
  if (SaysOneOf(end, {"wrong version number"})) return ConnectFault::kNoTls;
  if (IsTlsRefusal(end)) return ConnectFault::kHandshake;
  const bool is_closed = SaysOneOf(end, {"Socket closed", "Connection reset", "Broken pipe"});
  return is_closed ? ConnectFault::kClosed : ConnectFault::kAbsent;
}

bool MayComeLater(ConnectFault fault) {
  return fault == ConnectFault::kAbsent || fault == ConnectFault::kProxyWithoutServer;
}

bool IsProxyWithoutServer(const absl::Status& end) {
  return SaysOneOf(end, {"status: 502", "status: 503", "status: 504"});
}

bool IsTlsRefusal(const absl::Status& end) {
  return end.code() == absl::StatusCode::kUnavailable &&
         (SaysOneOf(end, {"SSL_ERROR_SSL"}) || IsOtherName(end));
}

std::string ConnectErrorText(absl::string_view address, const ClientSecurity& security,
                             const absl::Status& end) {
  const std::optional<Address> parsed = AddressIn(address);
  const auto proxy = parsed.has_value() ? ProxyFor(*parsed) : std::nullopt;
  const auto ignored = parsed.has_value() ? IgnoredProxyFor(*parsed) : std::nullopt;
  return absl::StrCat(
      proxy.has_value() ? absl::StrCat(" through the proxy of ", *proxy) : "", ": ",
      IsTlsRefusal(end) ? "the TLS handshake failed: " : "", OneLineReason(end.message()),
      HintFor(FaultOf(end, address), address, security),
      ignored.has_value() ? absl::StrCat("; ", *ignored, " is not used: write http://host:port")
                          : "");
}

std::string CertificateNamesHint(const std::string& address, const std::string& ip,
                                 const absl::Status& end) {
  const std::optional<Address> parsed = AddressIn(address);
  if (!IsOtherName(end) || !parsed.has_value()) return "";
  const std::vector<std::string> names = CertificateNames(*parsed, ip, kNamesTimeout);
  return names.empty() ? "" : absl::StrCat("; the certificate is for ", SomeOf(names));
}

}  // namespace distill
