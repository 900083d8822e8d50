// TeacherAccess: where teachers are, and what they are shown: what each command that asks one
// takes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/rpc/credentials.h"

namespace distill {

// What a client asks for (TeacherClientOptions).
struct WantedClasses {
  std::vector<std::string> names;
  bool subset = false;
  std::vector<int64_t> indices;
};

struct TeacherAccess {
  std::vector<std::string> addresses;  // empty: there is no teacher
  ClientSecurity security;
  std::string model;    // its name at the server; empty: its only one
  std::string classes;  // "by_name" or indices, of a teacher with more classes; empty: all of them
  absl::Duration connect_timeout = absl::Seconds(10);

  bool none() const { return addresses.empty(); }

  // `class_names`: those of the data, in whose order the answers shall be.
  absl::StatusOr<WantedClasses> ResolvedClasses(const std::vector<std::string>& class_names) const;

  // INVALID_ARGUMENT names the option and what is allowed; without addresses the others must have
  // their defaults. Reads no file.
  absl::Status Validate() const;
};

// INVALID_ARGUMENT about a field that only a teacher needs.
absl::Status GivenWithoutTeacher(absl::string_view field);

}  // namespace distill
