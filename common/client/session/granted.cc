#include "common/client/session/granted.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "common/base/status.h"
#include "common/base/status_macros.h"
#include "common/contract/class_order.h"
#include "common/rpc/convert.h"
#include "distill/v1/teacher.pb.h"

namespace distill {
namespace {

std::string Describe(const TargetSpec& spec) {
  return absl::StrCat(Name(spec.encoding), " (k ", spec.k, ", draws ", spec.draws, ")");
}

absl::Status Differs(absl::string_view what, absl::string_view before, absl::string_view now) {
  return absl::FailedPreconditionError(absl::StrCat(what, " is ", now, "; must be ", before));
}

std::string Describe(const std::vector<AnswerOutput>& outputs) {
  return absl::StrJoin(outputs, ", ", [](std::string* out, const AnswerOutput& output) {
    absl::StrAppend(out, output.output.name, " of width ", output.output.width, " as ",
                    Describe(output.spec));
  });
}

// Reads what was granted for one output that was asked for.
absl::StatusOr<AnswerOutput> ReadOutput(const AskedOutput& wanted, const v1::TargetSpec& granted,
                                        const ModelInfo& model) {
  const std::vector<OutputSpec> outputs = OutputsOf(model);
  const int64_t index = IndexOf(wanted.name, outputs);
  if (index < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("the output ", QuotedName(wanted.name), " is not among those of the model"));
  }
  AnswerOutput output{.output = outputs[static_cast<size_t>(index)]};
  ASSIGN_OR_RETURN(output.spec, FromProto(granted));
  output.spec.kind = output.output.kind;
  TargetSpec asked = wanted.spec;
  asked.kind = output.output.kind;
  if (output.spec != asked) {
    return InvalidValue("the encoding", Describe(output.spec),
                        absl::StrCat(Describe(asked), ", which was asked for"));
  }
  RETURN_IF_ERROR(Validate(output.spec, output.output.width));
  return output;
}

absl::StatusOr<Granted> Read(const v1::Opened& opened, absl::Span<const AskedOutput> wanted) {
  Granted granted{.numerics = FromProto(opened.numerics())};
  ASSIGN_OR_RETURN(granted.model, FromProto(opened.model()), "Opened.model");
  ASSIGN_OR_RETURN(granted.limits, FromProto(opened.limits()), "Opened.limits");
  if (AreLogitsAlone(wanted)) {
    ASSIGN_OR_RETURN(AnswerOutput logits, ReadOutput(wanted[0], opened.targets(), granted.model),
                     "Opened.targets");
    granted.outputs.push_back(std::move(logits));
    return granted;
  }
  if (static_cast<size_t>(opened.outputs_size()) != wanted.size()) {
    return InvalidValue("the number of Opened.outputs", opened.outputs_size(),
                        absl::StrCat(wanted.size(), ", as many as were asked for"));
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    const v1::OutputRequest& output = opened.outputs(static_cast<int>(i));
    if (output.name() != wanted[i].name) {
      return InvalidValue("Opened.outputs.name", QuotedName(output.name()),
                          QuotedName(wanted[i].name));
    }
    ASSIGN_OR_RETURN(AnswerOutput read, ReadOutput(wanted[i], output.targets(), granted.model),
                     "Opened.outputs[", i, "]");
    granted.outputs.push_back(std::move(read));
  }
  return granted;
}

}  // namespace

std::string Describe(const Numerics& n) {
  return absl::StrCat("runner ", n.runner, ", ", n.dtype, " on ", n.device, ", LibTorch ",
                      n.libtorch_version, ", ", n.intra_op_threads, " threads, BLAS ", n.blas,
                      ", fixed batch size ", n.fixed_batch_size);
}

bool AreLogitsAlone(absl::Span<const AskedOutput> outputs) {
  return outputs.size() == 1 && outputs[0].name == kLogitsOutput;
}

absl::StatusOr<Granted> GrantedFromProto(const v1::Opened& opened,
                                         absl::Span<const AskedOutput> wanted) {
  absl::StatusOr<Granted> granted = Read(opened, wanted);
  if (!granted.ok()) return absl::InternalError(granted.status().message());  // the teacher's fault
  return granted;
}

absl::Status CheckSameTeacher(const Granted& before, const Granted& now, SameNumerics numerics) {
  if (now.model.fingerprint != before.model.fingerprint) {
    return Differs("the fingerprint", before.model.fingerprint, now.model.fingerprint);
  }
  if (now.model.inputs != before.model.inputs) {
    return Differs("the set of inputs", ToString(before.model.inputs), ToString(now.model.inputs));
  }
  if (now.model.classes != before.model.classes) {
    return Differs("the number of classes", absl::StrCat(before.model.classes),
                   absl::StrCat(now.model.classes));
  }
  if (now.model.class_names != before.model.class_names) {
    return Differs("the order of classes", absl::StrJoin(before.model.class_names, ", "),
                   absl::StrJoin(now.model.class_names, ", "));
  }
  if (now.outputs != before.outputs) {
    return Differs("the set of outputs", Describe(before.outputs), Describe(now.outputs));
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
