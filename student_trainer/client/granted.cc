#include "student_trainer/client/granted.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "common/rpc/convert.h"
#include "distill/v1/teacher.pb.h"

namespace distill {
namespace {

template <typename T>
absl::StatusOr<T> Checked(absl::string_view field, absl::StatusOr<T> value) {
  if (value.ok()) return value;
  return absl::InternalError(absl::StrCat("Opened.", field, ": ", value.status().message()));
}

std::string Describe(const TargetSpec& spec) {
  return absl::StrCat(Name(spec.encoding), " (k ", spec.k, ", draws ", spec.draws, ")");
}

std::string Describe(const std::vector<InputSpec>& inputs) {
  return absl::StrJoin(
      inputs, ", ", [](std::string* out, const InputSpec& input) { out->append(ToString(input)); });
}

absl::Status Differs(absl::string_view what, absl::string_view before, absl::string_view now) {
  return absl::FailedPreconditionError(
      absl::StrCat("a different ", what, ", ", now, " instead of ", before));
}

}  // namespace

std::string Describe(const Numerics& n) {
  return absl::StrCat("runner ", n.runner, ", ", n.dtype, " on ", n.device, ", LibTorch ",
                      n.libtorch_version, ", ", n.intra_op_threads, " threads, BLAS ", n.blas,
                      ", fixed batch size ", n.fixed_batch_size);
}

absl::StatusOr<Granted> GrantedFromProto(const v1::Opened& opened, const TargetSpec& wanted) {
  auto model = Checked("model", FromProto(opened.model()));
  if (!model.ok()) return model.status();
  auto spec = Checked("targets", FromProto(opened.targets()));
  if (!spec.ok()) return spec.status();
  auto limits = Checked("limits", FromProto(opened.limits()));
  if (!limits.ok()) return limits.status();
  if (*spec != wanted) {
    return absl::InternalError(absl::StrCat("Opened.targets: ", Describe(*spec), " instead of ",
                                            Describe(wanted), ", which was asked for"));
  }
  if (const absl::Status fits = Validate(*spec, model->classes); !fits.ok()) {
    return absl::InternalError(absl::StrCat("Opened.targets: ", fits.message()));
  }
  return Granted{.model = *std::move(model),
                 .spec = *spec,
                 .numerics = FromProto(opened.numerics()),
                 .limits = *limits};
}

absl::Status CheckSameTeacher(const Granted& before, const Granted& now, SameNumerics numerics) {
  if (now.model.fingerprint != before.model.fingerprint) {
    return Differs("fingerprint", before.model.fingerprint, now.model.fingerprint);
  }
  if (now.model.inputs != before.model.inputs) {
    return Differs("set of inputs", Describe(before.model.inputs), Describe(now.model.inputs));
  }
  if (now.model.classes != before.model.classes) {
    return Differs("number of classes", absl::StrCat(before.model.classes),
                   absl::StrCat(now.model.classes));
  }
  if (now.model.class_names != before.model.class_names) {
    return Differs("order of classes", absl::StrJoin(before.model.class_names, ", "),
                   absl::StrJoin(now.model.class_names, ", "));
  }
  if (now.spec != before.spec) {
    return Differs("target encoding", Describe(before.spec), Describe(now.spec));
  }
  if (now.limits.max_request_samples < before.limits.max_request_samples) {
    return Differs("limit of samples a request", absl::StrCat(before.limits.max_request_samples),
                   absl::StrCat(now.limits.max_request_samples));
  }
  if (now.limits.max_message_bytes < before.limits.max_message_bytes) {
    return Differs("limit of bytes a message", absl::StrCat(before.limits.max_message_bytes),
                   absl::StrCat(now.limits.max_message_bytes));
  }
  if (now.limits.max_length < before.limits.max_length) {
    return Differs("limit of an input's length", absl::StrCat(before.limits.max_length),
                   absl::StrCat(now.limits.max_length));
  }
  if (numerics == SameNumerics::kNeeded && now.numerics != before.numerics) {
    return Differs("way to compute", Describe(before.numerics), Describe(now.numerics));
  }
  return absl::OkStatus();
}

}  // namespace distill
