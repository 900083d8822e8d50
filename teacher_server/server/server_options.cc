#include "teacher_server/server/server_options.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "common/base/units.h"
#include "common/rpc/address.h"
#include "teacher_server/admission/tokens.h"
#include "teacher_server/stream/served_teacher.h"

namespace distill {
namespace {

constexpr int64_t kMaxCredits = int64_t{1} << 24;
constexpr int64_t kMinMessageBytes = int64_t{64} << 10;
constexpr int64_t kMaxMessageBytes = int64_t{1} << 30;
constexpr int kMaxStreams = 65536;
constexpr int64_t kMaxLength = int64_t{1} << 24;

// Inputs in flight are part of what gRPC has received. If they are all of this, they leave a third
// of that to what is unread.
int64_t InFlightIfReadingAhead(int64_t max_bytes) { return max_bytes / 5 * 2; }

int64_t LeastToReadAhead(const ServerOptions& options) {
  return options.max_streams * StreamReserve(options.limits) / 2 * 5;
}

absl::Status CheckAddress(const std::string& text, const ServerOptions& options) {
  ASSIGN_OR_RETURN(const Address address, ParseAddress(text), Field("listen"));
  RETURN_IF_ERROR(CheckZone(address), Field("listen"));
  if (options.tls.certificate.empty() && !IsLoopback(address) && !options.allow_insecure) {
    return absl::InvalidArgumentError(
        absl::StrCat(Field("listen"), " ", text,
                     ": without TLS, every client that reaches this address may read and use the "
                     "teacher; give `tls_cert` and `tls_key`, or set `allow_insecure`"));
  }
  return absl::OkStatus();
}

}  // namespace

bool ServerOptions::ReadsAhead() const {
  if (read_ahead != ReadAhead::kAuto) return read_ahead == ReadAhead::kOn;
  const bool remote = std::any_of(listen.begin(), listen.end(), [](const std::string& text) {
    const absl::StatusOr<Address> address = ParseAddress(text);
    return address.ok() && !IsLoopback(*address);
  });
  return remote && max_bytes >= LeastToReadAhead(*this);
}

int64_t ServerOptions::InFlightBytes() const {
  if (ReadsAhead()) return InFlightIfReadingAhead(max_bytes);
  return std::max(max_bytes / 10 * 9, max_streams * StreamReserve(limits));
}

int64_t ServerOptions::ReceivedBytes() const {
  return ReadsAhead() ? max_bytes - InFlightBytes() : max_bytes;
}

absl::Status ServerOptions::Validate() const {
  if (listen.empty()) return CheckGiven("listen", "", "at least one address");
  for (const std::string& address : listen) RETURN_IF_ERROR(CheckAddress(address, *this));
  RETURN_IF_ERROR(tls.Validate());
  RETURN_IF_ERROR(CheckInRange("streams_per_token", streams_per_token, 0, kMaxStreams));
  RETURN_IF_ERROR(CheckInRange("max_request_samples", limits.max_request_samples, 1, kMaxCredits));
  RETURN_IF_ERROR(CheckInRange("credits", limits.credits, limits.max_request_samples, kMaxCredits,
                               Field("max_request_samples")));
  RETURN_IF_ERROR(CheckInRange("max_length", limits.max_length, 1, kMaxLength));
  RETURN_IF_ERROR(CheckInRange("max_message_size", limits.max_message_bytes, kMinMessageBytes,
                               kMaxMessageBytes));
  RETURN_IF_ERROR(CheckInRange("max_streams", max_streams, 1, kMaxStreams));
  if (const int64_t least = max_streams * StreamReserve(limits); max_bytes < least) {
    return InvalidField(
        "max_bytes", FormatBytes(max_bytes),
        absl::StrCat(FormatBytes(least), " or more, which is twice ", Field("max_message_size"),
                     " for each of ", Field("max_streams"), " (", max_streams, ")"));
  }
  if (const int64_t least = LeastToReadAhead(*this);
      read_ahead == ReadAhead::kOn && max_bytes < least) {
    return InvalidField("max_bytes", FormatBytes(max_bytes),
                        absl::StrCat(FormatBytes(least), " or more with ", Field("read_ahead")));
  }
  return CheckAtLeast("max_samples", max_samples, limits.max_request_samples,
                      Field("max_request_samples"));
}

absl::Status ServerOptions::CheckFiles() const {
  RETURN_IF_ERROR(Check(tls));
  return OpenTokens(*this, Clock::Real()).status();
}

absl::StatusOr<std::unique_ptr<Tokens>> OpenTokens(const ServerOptions& options, Clock& clock) {
  if (options.token_file.empty()) return nullptr;
  const int streams =
      options.streams_per_token > 0 ? options.streams_per_token : options.max_streams;
  return Tokens::Open(options.token_file, streams, clock);
}

}  // namespace distill
