// Access: which clients may open streams, and how many, per token and in all.
#pragma once

#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/mutex.h"
#include "teacher_server/admission/tokens.h"

namespace distill {

// What a call brings along.
struct Caller {
  bool local = false;         // over a Unix socket, which its file mode guards
  std::string authorization;  // the metadata of this name, empty if there was none
};

// Thread-safe.
class Access {
 public:
  // `tokens`: null where none are needed. `max_streams`: open at once.
  Access(int max_streams, std::unique_ptr<Tokens> tokens);

  // The name of the caller's token; empty where none is needed and none was shown. UNAUTHENTICATED
  // in words for the client. A local caller needs none; one that it shows must be known.
  absl::StatusOr<std::string> Authenticate(const Caller& caller);

  // One open stream; ends when this is destroyed. The Access must outlive it.
  class Admission {
   public:
    Admission(Access& access, std::string token) : access_(access), token_(std::move(token)) {}
    ~Admission() { access_.Leave(token_); }
    Admission(const Admission&) = delete;
    Admission& operator=(const Admission&) = delete;

    const std::string& token() const { return token_; }

   private:
    Access& access_;
    const std::string token_;
  };

  // UNAUTHENTICATED, or RESOURCE_EXHAUSTED where the server or the token has as many streams as it
  // may.
  absl::StatusOr<std::unique_ptr<Admission>> Admit(const Caller& caller);

 private:
  absl::StatusOr<TokenGrant> Grant(const Caller& caller);
  void Leave(const std::string& token);

  const int max_streams_;
  const std::unique_ptr<Tokens> tokens_;

  Mutex mutex_;
  int streams_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<std::string, int> streams_of_token_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace distill
