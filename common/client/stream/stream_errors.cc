#include "common/client/stream/stream_errors.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/status.h"
#include "common/rpc/connect_errors.h"

namespace distill {
namespace {

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
    return absl::UnavailableError(absl::StrCat("cannot reach a teacher at ", address,
                                               ConnectErrorText(address, security, end)));
  }
  return Annotate(end, absl::StrCat("the teacher at ", address, " refused"));
}

}  // namespace distill
