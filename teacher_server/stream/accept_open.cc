#include "teacher_server/stream/accept_open.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/contract/class_order.h"
#include "common/rpc/convert.h"

namespace distill {
namespace {

absl::StatusOr<TargetSpec> GrantTargets(const v1::TargetSpec& wanted, int64_t classes) {
  ASSIGN_OR_RETURN(const TargetSpec spec, FromProto(wanted));
  RETURN_IF_ERROR(Validate(spec, classes));
  return spec;
}

}  // namespace

absl::StatusOr<StreamTerms> AcceptOpen(const v1::Open& open, const ServedTeacher& teacher) {
  StreamTerms terms;
  if (open.client().size() > kMaxClientNameBytes) {
    return InvalidValue("the length of open.client", absl::StrCat(open.client().size(), " bytes"),
                        absl::StrCat("at most ", kMaxClientNameBytes));
  }
  terms.client = open.client();
  ASSIGN_OR_RETURN(terms.spec, GrantTargets(open.targets(), teacher.info.classes), "open.targets");
  if (!open.fingerprint().empty() && open.fingerprint() != teacher.info.fingerprint) {
    return absl::FailedPreconditionError(absl::StrCat(
        "open.fingerprint is ", QuotedName(open.fingerprint().substr(0, 12)), "…; must be '",
        teacher.info.fingerprint.substr(0, 12), "…', which is served"));
  }
  const std::vector<std::string> wanted(open.class_names().begin(), open.class_names().end());
  ASSIGN_OR_RETURN(terms.class_order,
                   ClassOrder(teacher.info.class_names, teacher.info.classes, wanted),
                   "open.class_names");
  if (open.batch_independent() && teacher.numerics.fixed_batch_size == 0) {
    return absl::UnimplementedError(
        "open.batch_independent: this server has no fixed batch size; open without it");
  }
  terms.batch_independent = open.batch_independent();
  return terms;
}

}  // namespace distill
