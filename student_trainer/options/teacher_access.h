// TeacherAccess: where teachers are, and what they are shown: what each command that asks one
// takes.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/rpc/credentials.h"

namespace distill {

struct TeacherAccess {
  std::vector<std::string> addresses;  // empty: there is no teacher
  ClientSecurity security;
  std::string model;  // its name at the server; empty: its only one
  absl::Duration connect_timeout = absl::Seconds(10);

  bool none() const { return addresses.empty(); }

  // INVALID_ARGUMENT names the option and what is allowed. Reads no file.
  absl::Status Validate() const;
};

}  // namespace distill
