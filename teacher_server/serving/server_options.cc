#include "teacher_server/serving/server_options.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/status_macros.h"
#include "common/base/units.h"
#include "common/rpc/address.h"
#include "teacher_server/serving/served_teacher.h"
#include "teacher_server/serving/tokens.h"

namespace distill {
namespace {

constexpr int64_t kMaxCredits = int64_t{1} << 24;
constexpr int64_t kMinMessageBytes = int64_t{64} << 10;
constexpr int64_t kMaxMessageBytes = int64_t{1} << 30;
constexpr int kMaxStreams = 65536;
constexpr int64_t kMaxLength = int64_t{1} << 24;

absl::Status OutOfRange(absl::string_view field, int64_t value, int64_t least, int64_t most) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, " ", value, ": allowed are ", least, " to ", most));
}

absl::Status CheckAddress(const std::string& text, const ServerOptions& options) {
  ASSIGN_OR_RETURN(const Address address, ParseAddress(text), "listen");
  if (options.tls.certificate.empty() && !IsLoopback(address) && !options.allow_insecure) {
    return absl::InvalidArgumentError(
        absl::StrCat("listen ", text,
                     ": without TLS, whoever reaches this address may read and use the teacher; "
                     "give --tls_cert and --tls_key, or say --allow_insecure"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ServerOptions::Validate() const {
  if (listen.empty()) return absl::InvalidArgumentError("listen: at least one address is needed");
  for (const std::string& address : listen) RETURN_IF_ERROR(CheckAddress(address, *this));
  RETURN_IF_ERROR(tls.Validate());
  if (streams_per_token < 0 || streams_per_token > kMaxStreams) {
    return OutOfRange("streams_per_token", streams_per_token, 0, kMaxStreams);
  }
  if (limits.max_request_samples < 1 || limits.max_request_samples > kMaxCredits) {
    return OutOfRange("max_request_samples", limits.max_request_samples, 1, kMaxCredits);
  }
  if (limits.credits < limits.max_request_samples || limits.credits > kMaxCredits) {
    return absl::InvalidArgumentError(absl::StrCat("credits ", limits.credits, ": allowed are ",
                                                   limits.max_request_samples,
                                                   " (max_request_samples) to ", kMaxCredits));
  }
  if (limits.max_length < 1 || limits.max_length > kMaxLength) {
    return OutOfRange("max_length", limits.max_length, 1, kMaxLength);
  }
  if (limits.max_message_bytes < kMinMessageBytes || limits.max_message_bytes > kMaxMessageBytes) {
    return OutOfRange("max_message_size", limits.max_message_bytes, kMinMessageBytes,
                      kMaxMessageBytes);
  }
  if (max_streams < 1 || max_streams > kMaxStreams) {
    return OutOfRange("max_streams", max_streams, 1, kMaxStreams);
  }
  if (const int64_t least = max_streams * StreamReserve(limits); max_bytes < least) {
    return absl::InvalidArgumentError(absl::StrCat(
        "max_bytes ", FormatBytes(max_bytes), ": at least ", FormatBytes(least),
        ", which is twice max_message_size for each of max_streams (", max_streams, ")"));
  }
  if (max_samples < limits.max_request_samples) {
    return absl::InvalidArgumentError(absl::StrCat("max_samples ", max_samples, ": at least ",
                                                   limits.max_request_samples,
                                                   " (max_request_samples)"));
  }
  return absl::OkStatus();
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
