#include "student_trainer/train/teacher_access.h"

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/rpc/address.h"
#include "student_trainer/client/teacher_pool.h"

namespace distill {

absl::Status TeacherAccess::Validate() const {
  if (none()) {
    if (!security.UsesTls() && security.token_file.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        "--tls, --tls_ca, --tls_cert, --tls_key, --token_file: need --teacher ADDRESS");
  }
  const absl::Status valid =
      TeacherPoolOptions{.addresses = addresses, .teacher = {.connect_timeout = connect_timeout}}
          .Validate();
  if (!valid.ok()) return absl::InvalidArgumentError(absl::StrCat("--teacher: ", valid.message()));
  for (const std::string& text : addresses) {
    ASSIGN_OR_RETURN(const Address address, ParseAddress(text));
    if (const absl::Status secure = security.Validate(address); !secure.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("--", secure.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace distill
