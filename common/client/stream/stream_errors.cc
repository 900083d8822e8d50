#include "common/client/stream/stream_errors.h"

#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/base/files.h"
#include "common/base/status.h"
#include "common/rpc/address.h"
#include "common/rpc/proxy.h"

namespace distill {
namespace {

// A proxy whose server is not up, or not yet: 502 bad gateway, 503 unavailable, 504 timeout.
bool IsProxyWithoutServer(const absl::Status& end) {
  for (const char* const status : {"status: 502", "status: 503", "status: 504"}) {
    if (absl::StrContains(end.message(), status)) return true;
  }
  return false;
}

// gRPC's libraries word it differently when a server has no such service or speaks no gRPC.
bool IsNotATeacher(const absl::Status& end) {
  const absl::string_view message = end.message();
  if (end.ok()) return true;  // ended without an answer to the open
  if (IsProxyWithoutServer(end)) return false;
  if (absl::StrContains(message, "http1.x") ||
      absl::StrContains(message, "http2 header with status")) {
    return true;
  }
  return end.code() == absl::StatusCode::kUnimplemented &&
         (message.empty() || absl::StartsWithIgnoreCase(message, "unknown service") ||
          absl::StartsWithIgnoreCase(message, "unknown method") ||
          absl::StartsWithIgnoreCase(message, "method not found"));
}

// For a socket that this user must not write to.
std::string SocketHint(absl::string_view address) {
  absl::ConsumePrefix(&address, "unix:");
  const std::string owner = OtherOwner(std::string(address));
  return absl::StrCat("; ", owner.empty() ? "" : absl::StrCat("it belongs to ", owner, ": "),
                      "set the server's `socket_mode` to 666, or run as its user");
}

// Returns what the end may mean. A server closes a connection that it does not want without a word.
std::string HintFor(const absl::Status& end, const ClientSecurity& security,
                    absl::string_view address) {
  if (absl::StartsWith(address, "unix:") && absl::StrContains(end.message(), "Permission denied")) {
    return SocketHint(address);
  }
  if (IsProxyWithoutServer(end)) return "; a proxy answers for a server that is not up";
  if (IsNameRefusal(end)) {
    return "; connect by a name that the certificate has, or set `tls_server_name` to it";
  }
  if (!absl::StrContains(end.message(), "Socket closed") &&
      !absl::StrContains(end.message(), "Connection reset") &&
      !absl::StrContains(end.message(), "Broken pipe")) {
    return "";
  }
  if (!security.UsesTls()) return "; a server that wants TLS closes connections without it";
  if (security.certificate.empty()) {
    return "; a server that wants client certificates closes connections without one";
  }
  return "; a server closes connections whose client certificate it does not trust";
}

// " through the proxy of http_proxy=http://proxy:3128"; empty for a direct connection. `address`
// may have the IP address in parentheses behind it.
std::string ThroughProxy(absl::string_view address) {
  const absl::StatusOr<Address> parsed = ParseAddress(address.substr(0, address.find(' ')));
  const std::optional<std::string> proxy = parsed.ok() ? ProxyFor(*parsed) : std::nullopt;
  return proxy.has_value() ? absl::StrCat(" through the proxy of ", *proxy) : "";
}

absl::string_view WhyNotATeacher(const absl::Status& end) {
  if (end.ok()) return "it ended the stream without an answer";
  if (end.message().empty()) return "it does not know the service distill.v1.Teacher";
  return OneLineReason(end.message());
}

}  // namespace

bool IsLoss(const absl::Status& end) {
  if (IsProxyWithoutServer(end)) return true;
  switch (end.code()) {
    case absl::StatusCode::kOk:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:  // by the server's side: it went down with the stream open
      return true;
    case absl::StatusCode::kInternal:
      return absl::StrContains(end.message(), "RST_STREAM");
    case absl::StatusCode::kUnknown:
      return absl::StrContains(end.message(), "Stream removed");
    default:
      return false;
  }
}

bool IsFull(const absl::Status& end) { return end.code() == absl::StatusCode::kResourceExhausted; }

bool IsTlsRefusal(const absl::Status& end) {
  return end.code() == absl::StatusCode::kUnavailable &&
         (absl::StrContains(end.message(), "SSL_ERROR_SSL") || IsNameRefusal(end));
}

bool IsNameRefusal(const absl::Status& end) {
  return absl::StrContains(end.message(), "not in peer certificate");
}

bool IsRetryableOpen(const absl::Status& end) {
  return IsFull(end) || (IsLoss(end) && !IsNotATeacher(end) && !IsTlsRefusal(end));
}

absl::Status DescribeOpenFailure(const std::string& address, const ClientSecurity& security,
                                 const absl::Status& end) {
  if (IsNotATeacher(end)) {
    return absl::FailedPreconditionError(
        absl::StrCat(address, " is not a teacher server: ", WhyNotATeacher(end)));
  }
  if (IsLoss(end)) {
    return absl::UnavailableError(
        absl::StrCat("cannot reach a teacher at ", address, ThroughProxy(address), ": ",
                     IsTlsRefusal(end) ? "the TLS handshake failed: " : "",
                     OneLineReason(end.message()), HintFor(end, security, address)));
  }
  return Annotate(end, absl::StrCat("the teacher at ", address, " refused"));
}

}  // namespace distill
