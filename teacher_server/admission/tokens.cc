#include "teacher_server/admission/tokens.h"

#include <openssl/crypto.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/byte_order_mark.h"
#include "common/base/files.h"
#include "common/base/log.h"
#include "common/base/sha256.h"
#include "common/base/status_macros.h"
#include "common/rpc/plain_text.h"

namespace distill {
namespace {

constexpr absl::Duration kBetweenLooks = absl::Seconds(1);
constexpr size_t kMaxNameBytes = 64;
constexpr size_t kMinTokenBytes = 16;
constexpr size_t kMaxTokenBytes = 4096;  // as clients read them

bool IsName(absl::string_view name) {
  return !name.empty() && name.size() <= kMaxNameBytes &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '-';
         });
}

bool IsToken(absl::string_view token) {
  return token.size() >= kMinTokenBytes && token.size() <= kMaxTokenBytes &&
         std::all_of(token.begin(), token.end(), absl::ascii_isgraph);
}

// The token of "Bearer TOKEN"; empty if it is something else.
absl::string_view BearerToken(absl::string_view authorization) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(authorization, absl::MaxSplits(' ', 1));
  if (!absl::EqualsIgnoreCase(parts.first, "Bearer")) return {};
  return absl::StripAsciiWhitespace(parts.second);
}

int64_t Nanoseconds(const timespec& time) {
  return absl::ToUnixNanos(absl::TimeFromTimespec(time));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Tokens>> Tokens::Open(const std::filesystem::path& file,
                                                     int default_max_streams, Clock& clock) {
  std::unique_ptr<Tokens> tokens(new Tokens(file, default_max_streams, clock));
  MutexLock lock(tokens->mutex_);
  // Looked at before it is read: what is written in between counts as a change.
  tokens->seen_ = Look(file);
  tokens->look_again_ = clock.Now() + kBetweenLooks;
  RETURN_IF_ERROR(tokens->Load());
  return tokens;
}

absl::StatusOr<TokenGrant> Tokens::Authenticate(absl::string_view authorization) {
  const absl::string_view token = BearerToken(authorization);
  if (token.empty()) {
    return absl::UnauthenticatedError(
        "the authorization: it has no bearer token; send one of this server's");
  }
  const std::string digest = Sha256Hex(token);
  MutexLock lock(mutex_);
  LoadIfReplaced();
  // Takes as long whichever entry it is, and however much of one is right.
  const Entry* found = nullptr;
  for (const Entry& entry : entries_) {
    if (CRYPTO_memcmp(entry.digest.data(), digest.data(), digest.size()) == 0) found = &entry;
  }
  if (found == nullptr) {
    return absl::UnauthenticatedError(
        "the authorization: its token is not known; send one of this server's");
  }
  return found->grant;
}

std::vector<std::string> Tokens::names() const {
  MutexLock lock(mutex_);
  std::vector<std::string> names;
  for (const Entry& entry : entries_) names.push_back(entry.grant.name);
  return names;
}

// ------------------------------------------------------------------------------------- the file

Tokens::FileState Tokens::Look(const std::filesystem::path& file) {
  struct stat status;
  if (::stat(file.c_str(), &status) != 0) return {.error = errno};
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = status.st_size,
          .modified_ns = Nanoseconds(status.st_mtim),
          .changed_ns = Nanoseconds(status.st_ctim)};
}

// Reads the file under the lock: streams are opened rarely, the file is small, and a stream that is
// opened after the change must not be checked against the old tokens.
void Tokens::LoadIfReplaced() {
  const absl::Time now = clock_.Now();
  if (now < look_again_) return;
  look_again_ = now + kBetweenLooks;
  const FileState state = Look(file_);
  if (state == seen_) return;
  seen_ = state;
  if (const absl::Status loaded = Load(); !loaded.ok()) {
    log::Error(absl::StrCat(loaded.message(), "; the tokens read before stay in force"));
  } else {
    log::Info(
        absl::StrCat("token file ", file_.string(), " was read again; tokens: ", entries_.size()));
  }
}

absl::Status Tokens::Load() {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(file_));
  ASSIGN_OR_RETURN(entries_, Parse(text));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Tokens::Entry>> Tokens::Parse(absl::string_view text) const {
  if (const std::string why = WhyNotUtf8(text); !why.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("token file ", file_.string(), ": ", why, "; save it as UTF-8"));
  }
  std::vector<Entry> entries;
  std::map<std::string, int> line_of_name, line_of_digest;
  int line_number = 0;
  const auto refuse = [&](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("token file ", file_.string(), " line ", line_number, ": ", why));
  };
  for (absl::string_view line : absl::StrSplit(WithoutByteOrderMark(text), '\n')) {
    ++line_number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line[0] == '#') continue;
    if (const std::string why = WhatIsInvisible(line); !why.empty()) {
      return refuse(absl::StrCat(why, "; delete it"));
    }
    const std::vector<absl::string_view> fields =
        absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    if (fields.size() != 2 && fields.size() != 3) {
      return refuse(
          absl::StrCat("it has ", fields.size(), " fields; write NAME TOKEN [MAX_STREAMS]"));
    }
    if (!IsName(fields[0])) {
      return refuse(
          absl::StrCat("the name is not 1 to ", kMaxNameBytes, " letters, digits, _ . or -"));
    }
    if (!IsToken(fields[1])) {
      return refuse(absl::StrCat("the token is not ", kMinTokenBytes, " to ", kMaxTokenBytes,
                                 " printable ASCII characters"));
    }
    Entry entry{{std::string(fields[0]), default_max_streams_}, Sha256Hex(fields[1])};
    if (fields.size() == 3 &&
        (!absl::SimpleAtoi(fields[2], &entry.grant.max_streams) || entry.grant.max_streams < 1)) {
      return refuse("MAX_STREAMS is not a number from 1");
    }
    if (const auto [it, is_new] = line_of_name.emplace(entry.grant.name, line_number); !is_new) {
      return refuse(absl::StrCat("it has the name of line ", it->second));
    }
    if (const auto [it, is_new] = line_of_digest.emplace(entry.digest, line_number); !is_new) {
      return refuse(absl::StrCat("it has the token of line ", it->second));
    }
    entries.push_back(std::move(entry));
  }
  if (entries.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("token file ", file_.string(),
                     ": it holds no token; write lines of NAME TOKEN [MAX_STREAMS]"));
  }
  return entries;
}

}  // namespace distill
