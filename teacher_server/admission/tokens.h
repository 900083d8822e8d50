// Tokens: the tokens with which streams may be opened, from a file with one per line:
//
//   # NAME  TOKEN  [MAX_STREAMS]
//   alice   3vX9…  4
//
// Neither errors nor the log ever show the contents of the file: where a line is wrong, a token may
// be anywhere in it. Names, once they were read, are not secret.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"

namespace distill {

struct TokenGrant {
  std::string name;
  int max_streams = 0;  // that all holders of the token may have open together
};

// Thread-safe. Follows its file: a token that was removed from it opens no more streams, but those
// already open continue.
class Tokens {
 public:
  // A line without MAX_STREAMS grants `default_max_streams`. Errors name the file and the line:
  // INVALID_ARGUMENT, or as ReadFile. The clock must outlive the object.
  static absl::StatusOr<std::unique_ptr<Tokens>> Open(const std::filesystem::path& file,
                                                      int default_max_streams, Clock& clock);

  // Takes the value of the metadata `authorization`, "Bearer TOKEN"; empty: there was none.
  // UNAUTHENTICATED, in words for the client, unless the token is one of the file's. At most once
  // a second it looks first whether the file was replaced; one that is wrong changes nothing, and
  // is logged once.
  absl::StatusOr<TokenGrant> Authenticate(absl::string_view authorization);

  // In the file's order.
  std::vector<std::string> names() const;

 private:
  struct Entry {
    TokenGrant grant;
    std::string digest;  // SHA-256 of the token, which itself is not kept
  };
  // What tells one state of the file from another.
  struct FileState {
    uint64_t device = 0, inode = 0;
    int64_t size = 0, modified_ns = 0, changed_ns = 0;
    int error = 0;  // why there is no more to tell
    friend bool operator==(const FileState&, const FileState&) = default;
  };

  Tokens(std::filesystem::path file, int default_max_streams, Clock& clock)
      : file_(std::move(file)), default_max_streams_(default_max_streams), clock_(clock) {}

  static FileState Look(const std::filesystem::path& file);
  absl::StatusOr<std::vector<Entry>> Parse(absl::string_view text) const;
  absl::Status Load() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LoadIfReplaced() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::filesystem::path file_;
  const int default_max_streams_;
  Clock& clock_;

  mutable Mutex mutex_;
  std::vector<Entry> entries_ ABSL_GUARDED_BY(mutex_);
  FileState seen_ ABSL_GUARDED_BY(mutex_);  // at the last look
  absl::Time look_again_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace distill
