#include "student_trainer/alignment/teacher_access.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "common/client/pool/teacher_pool.h"
#include "common/contract/class_order.h"
#include "common/rpc/address.h"

namespace distill {
namespace {

constexpr char kByName[] = "by_name";

}  // namespace

absl::Status GivenWithoutTeacher(absl::string_view field) {
  return absl::InvalidArgumentError(
      absl::StrCat(Field(field), ": it is given without `teacher`; give its address"));
}

absl::StatusOr<WantedClasses> TeacherAccess::ResolvedClasses(
    const std::vector<std::string>& class_names) const {
  if (classes.empty()) return WantedClasses{.names = class_names};
  if (classes == kByName) {
    if (class_names.empty()) {
      return absl::FailedPreconditionError(
          "`teacher_classes` by_name: the data do not name their classes; set `class_names`, or "
          "give indices");
    }
    return WantedClasses{.names = class_names, .subset = true};
  }
  WantedClasses wanted;
  for (const absl::string_view text : absl::StrSplit(classes, ',')) {
    int64_t index = 0;
    if (!absl::SimpleAtoi(text, &index) || index < 0) {
      return InvalidValue("`teacher_classes`", QuotedName(classes),
                          "by_name, or indices as 1,2,3: the teacher's class for each of the data");
    }
    wanted.indices.push_back(index);
  }
  return wanted;
}

absl::Status TeacherAccess::Validate() const {
  if (none()) {
    const std::pair<const char*, bool> given[] = {
        {"teacher_model", !model.empty()},
        {"teacher_classes", !classes.empty()},
        {"connect_timeout", connect_timeout != TeacherAccess().connect_timeout},
    };
    for (const auto& [name, is_given] : given) {
      if (is_given) return GivenWithoutTeacher(name);
    }
    if (!security.UsesTls() && security.token_file.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        "`tls`, `tls_ca`, `tls_cert`, `tls_key`, `tls_server_name`, `token_file`: they are given "
        "without `teacher`; give its address");
  }
  if (classes != kByName) RETURN_IF_ERROR(ResolvedClasses({}).status());
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
