#include "teacher_server/admission/access.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace distill {

Access::Access(int max_streams, std::unique_ptr<Tokens> tokens)
    : max_streams_(max_streams), tokens_(std::move(tokens)) {}

absl::StatusOr<TokenGrant> Access::Grant(const Caller& caller) {
  const bool needed = tokens_ != nullptr && (!caller.local || !caller.authorization.empty());
  if (!needed) return TokenGrant{.name = "", .max_streams = max_streams_};
  return tokens_->Authenticate(caller.authorization);
}

absl::StatusOr<std::string> Access::Authenticate(const Caller& caller) {
  ASSIGN_OR_RETURN(const TokenGrant grant, Grant(caller));
  return grant.name;
}

absl::StatusOr<std::unique_ptr<Access::Admission>> Access::Admit(const Caller& caller) {
  ASSIGN_OR_RETURN(TokenGrant grant, Grant(caller));
  MutexLock lock(mutex_);
  if (streams_ >= max_streams_) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the server is full: all ", max_streams_, " streams that it takes are open"));
  }
  int& streams = streams_of_token_[grant.name];
  if (streams >= grant.max_streams) {
    return absl::ResourceExhaustedError(absl::StrCat("the token '", grant.name, "': all ",
                                                     grant.max_streams,
                                                     " streams that it may have are open"));
  }
  ++streams_;
  ++streams;
  return std::make_unique<Admission>(*this, std::move(grant.name));
}

void Access::Leave(const std::string& token) {
  MutexLock lock(mutex_);
  --streams_;
  const auto entry = streams_of_token_.find(token);
  if (--entry->second == 0) streams_of_token_.erase(entry);
}

}  // namespace distill
