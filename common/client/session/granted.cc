#include "common/client/session/granted.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "common/base/status.h"
#include "common/base/status_macros.h"
#include "common/rpc/convert.h"
#include "distill/v1/teacher.pb.h"

namespace distill {
namespace {

std::string Describe(const TargetSpec& spec) {
  return absl::StrCat(Name(spec.encoding), " (k ", spec.k, ", draws ", spec.draws, ")");
}

std::string Describe(const std::vector<InputSpec>& inputs) {
  return absl::StrJoin(
      inputs, ", ", [](std::string* out, const InputSpec& input) { out->append(ToString(input)); });
}

absl::Status Differs(absl::string_view what, absl::string_view before, absl::string_view now) {
  return absl::FailedPreconditionError(absl::StrCat(what, " is ", now, "; must be ", before));
}

absl::StatusOr<Granted> Read(const v1::Opened& opened, const TargetSpec& wanted) {
  Granted granted{.numerics = FromProto(opened.numerics())};
  ASSIGN_OR_RETURN(granted.model, FromProto(opened.model()), "Opened.model");
  ASSIGN_OR_RETURN(granted.spec, FromProto(opened.targets()), "Opened.targets");
  ASSIGN_OR_RETURN(granted.limits, FromProto(opened.limits()), "Opened.limits");
  if (granted.spec != wanted) {
    return InvalidValue("Opened.targets", Describe(granted.spec),
                        absl::StrCat(Describe(wanted), ", which was asked for"));
  }
  RETURN_IF_ERROR(Validate(granted.spec, granted.model.classes), "Opened.targets");
  return granted;
}

}  // namespace

std::string Describe(const Numerics& n) {
  return absl::StrCat("runner ", n.runner, ", ", n.dtype, " on ", n.device, ", LibTorch ",
                      n.libtorch_version, ", ", n.intra_op_threads, " threads, BLAS ", n.blas,
                      ", fixed batch size ", n.fixed_batch_size);
}

absl::StatusOr<Granted> GrantedFromProto(const v1::Opened& opened, const TargetSpec& wanted) {
  absl::StatusOr<Granted> granted = Read(opened, wanted);
  if (!granted.ok()) return absl::InternalError(granted.status().message());  // the teacher's fault
  return granted;
}

absl::Status CheckSameTeacher(const Granted& before, const Granted& now, SameNumerics numerics) {
  if (now.model.fingerprint != before.model.fingerprint) {
    return Differs("the fingerprint", before.model.fingerprint, now.model.fingerprint);
  }
  if (now.model.inputs != before.model.inputs) {
    return Differs("the set of inputs", Describe(before.model.inputs), Describe(now.model.inputs));
  }
  if (now.model.classes != before.model.classes) {
    return Differs("the number of classes", absl::StrCat(before.model.classes),
                   absl::StrCat(now.model.classes));
  }
  if (now.model.class_names != before.model.class_names) {
    return Differs("the order of classes", absl::StrJoin(before.model.class_names, ", "),
                   absl::StrJoin(now.model.class_names, ", "));
  }
  if (now.spec != before.spec) {
    return Differs("the target encoding", Describe(before.spec), Describe(now.spec));
  }
  if (now.limits.max_request_samples < before.limits.max_request_samples) {
    return Differs("the limit of samples per request",
                   absl::StrCat(before.limits.max_request_samples, " or more"),
                   absl::StrCat(now.limits.max_request_samples));
  }
  if (now.limits.max_message_bytes < before.limits.max_message_bytes) {
    return Differs("the limit of bytes per message",
                   absl::StrCat(before.limits.max_message_bytes, " or more"),
                   absl::StrCat(now.limits.max_message_bytes));
  }
  if (now.limits.max_length < before.limits.max_length) {
    return Differs("the limit of an input's length",
                   absl::StrCat(before.limits.max_length, " or more"),
                   absl::StrCat(now.limits.max_length));
  }
  if (numerics == SameNumerics::kNeeded && now.numerics != before.numerics) {
    return Differs("the way to compute", Describe(before.numerics), Describe(now.numerics));
  }
  return absl::OkStatus();
}

}  // namespace distill
