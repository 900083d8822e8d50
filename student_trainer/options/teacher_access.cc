#include "student_trainer/options/teacher_access.h"

#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "common/client/pool/teacher_pool.h"
#include "common/rpc/address.h"

namespace distill {

absl::Status TeacherAccess::Validate() const {
  if (none()) {
    if (!security.UsesTls() && security.token_file.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        "`tls`, `tls_ca`, `tls_cert`, `tls_key`, `token_file`: they are given without `teacher`; "
        "give its address");
  }
  RETURN_IF_ERROR(CheckMoreThan("connect_timeout", connect_timeout, absl::ZeroDuration()));
  RETURN_IF_ERROR(
      (TeacherPoolOptions{.addresses = addresses, .teacher = {.connect_timeout = connect_timeout}}
           .Validate()),
      Field("teacher"));
  for (const std::string& text : addresses) {
    ASSIGN_OR_RETURN(const Address address, ParseAddress(text));
    RETURN_IF_ERROR(security.Validate(address));
  }
  return absl::OkStatus();
}

}  // namespace distill
