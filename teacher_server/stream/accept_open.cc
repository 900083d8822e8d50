#include "teacher_server/stream/accept_open.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "common/contract/answer_size.h"
#include "common/contract/class_order.h"
#include "common/rpc/convert.h"

namespace distill {
namespace {

std::string NamesOf(const std::vector<OutputSpec>& outputs) {
  return absl::StrJoin(outputs, ", ", [](std::string* out, const OutputSpec& output) {
    out->append(QuotedName(output.name));
  });
}

// Grants the output `name` in the encoding that is wanted.
absl::StatusOr<GrantedOutput> GrantOutput(const std::string& name, const v1::TargetSpec& wanted,
                                          const ModelInfo& model, const StreamTerms& terms) {
  const std::vector<OutputSpec> outputs = OutputsOf(model);
  const int64_t index = IndexOf(name, outputs);
  if (index < 0) {
    return InvalidValue("the output", QuotedName(name), absl::StrCat("one of ", NamesOf(outputs)));
  }
  GrantedOutput granted{.spec = outputs[static_cast<size_t>(index)]};
  granted.wanted.output = static_cast<size_t>(index);
  OutputEncoding& encoding = granted.wanted.encoding;
  ASSIGN_OR_RETURN(encoding.spec, FromProto(wanted));
  encoding.spec.kind = granted.spec.kind;
  if (granted.spec.kind == OutputKind::kLogits) {
    granted.spec.width = terms.classes;
    encoding.class_order = terms.class_order;
  }
  RETURN_IF_ERROR(Validate(encoding.spec, granted.spec.width));
  return granted;
}

absl::Status GrantOutputs(const v1::Open& open, const ModelInfo& model, StreamTerms* terms) {
  if (open.outputs().empty()) {
    ASSIGN_OR_RETURN(GrantedOutput logits,
                     GrantOutput(kLogitsOutput, open.targets(), model, *terms), "open.targets");
    terms->outputs.push_back(std::move(logits));
    return absl::OkStatus();
  }
  if (open.has_targets()) {
    return absl::InvalidArgumentError("open.targets: outputs are set, too; set one of the two");
  }
  for (const v1::OutputRequest& request : open.outputs()) {
    const std::string where = absl::StrCat("open.outputs[", terms->outputs.size(), "]");
    for (const GrantedOutput& other : terms->outputs) {
      if (other.spec.name != request.name()) continue;
      return absl::InvalidArgumentError(absl::StrCat(
          where, ": the output ", QuotedName(request.name()), " repeats; ask for each once"));
    }
    ASSIGN_OR_RETURN(GrantedOutput granted,
                     GrantOutput(request.name(), request.targets(), model, *terms), where);
    terms->outputs.push_back(std::move(granted));
  }
  terms->names_outputs =
      terms->outputs.size() > 1 || terms->outputs.front().spec.name != kLogitsOutput;
  return absl::OkStatus();
}

// Returns OK if an answer to one sample, with the most rows that it has on a ragged stream, fits a
// message.
absl::Status CheckAnswersFit(const v1::Open& open, const StreamTerms& terms,
                             const StreamLimits& limits) {
  const int64_t most = open.max_rows_per_sample() == 0
                           ? limits.max_length
                           : std::min(open.max_rows_per_sample(), limits.max_length);
  std::vector<AnswerRows> answer;
  for (const GrantedOutput& output : terms.outputs) {
    answer.push_back({output.spec, output.wanted.encoding.spec,
                      output.spec.rows_per_sample == -1 ? most : output.spec.rows_per_sample});
  }
  return CheckAnswerFits(answer, limits.max_message_bytes);
}

absl::Status GrantRagged(const v1::Open& open, const StreamLimits& limits, StreamTerms* terms) {
  terms->ragged = open.ragged();
  if (!terms->ragged) {
    if (open.max_rows_per_sample() == 0) return absl::OkStatus();
    return InvalidValue("open.max_rows_per_sample", open.max_rows_per_sample(),
                        "0 on a stream that is not ragged");
  }
  if (open.max_rows_per_sample() < 0) {
    return InvalidValue("open.max_rows_per_sample", open.max_rows_per_sample(), "0 or more");
  }
  return CheckAnswersFit(open, *terms, limits);
}

absl::StatusOr<ClassIndices> ChooseClasses(const v1::Open& open, const ModelInfo& model) {
  if (open.class_indices().empty()) {
    const std::vector<std::string> wanted(open.class_names().begin(), open.class_names().end());
    ASSIGN_OR_RETURN(ClassIndices order,
                     ClassOrder(model.class_names, model.classes, wanted,
                                open.class_subset() ? Wanted::kSome : Wanted::kAll),
                     "open.class_names");
    return order;
  }
  if (!open.class_names().empty()) {
    return absl::InvalidArgumentError(
        "open.class_indices: class_names are set, too; set one of the two");
  }
  const std::vector<int64_t> indices(open.class_indices().begin(), open.class_indices().end());
  ASSIGN_OR_RETURN(ClassIndices order, ClassesAt(indices, model.classes), "open.class_indices");
  return order;
}

}  // namespace

absl::StatusOr<StreamTerms> AcceptOpen(const v1::Open& open, const ServedTeacher& teacher) {
  StreamTerms terms;
  if (open.client().size() > kMaxClientNameBytes) {
    return InvalidValue("the length of open.client", absl::StrCat(open.client().size(), " bytes"),
                        absl::StrCat("at most ", kMaxClientNameBytes));
  }
  terms.client = open.client();
  ASSIGN_OR_RETURN(terms.class_order, ChooseClasses(open, teacher.info));
  terms.chosen_classes = open.class_subset() || !open.class_indices().empty();
  terms.classes = terms.class_order == nullptr ? teacher.info.classes
                                               : static_cast<int64_t>(terms.class_order->size());
  RETURN_IF_ERROR(GrantOutputs(open, teacher.info, &terms));
  RETURN_IF_ERROR(GrantRagged(open, teacher.limits, &terms));
  if (!open.fingerprint().empty() && open.fingerprint() != teacher.info.fingerprint) {
    return absl::FailedPreconditionError(absl::StrCat(
        "open.fingerprint is ", QuotedName(open.fingerprint().substr(0, 12)), "…; must be '",
        teacher.info.fingerprint.substr(0, 12), "…', which is served"));
  }
  if (open.batch_independent() && teacher.numerics.fixed_batch_size == 0) {
    return absl::UnimplementedError(
        "open.batch_independent: this server has no fixed batch size; open without it");
  }
  terms.batch_independent = open.batch_independent();
  return terms;
}

std::vector<WantedOutput> StreamTerms::wanted() const {
  std::vector<WantedOutput> wanted;
  for (const GrantedOutput& output : outputs) wanted.push_back(output.wanted);
  return wanted;
}

ModelInfo DescribeAnswers(const ModelInfo& model, const StreamTerms& terms) {
  ModelInfo answers = model;
  answers.outputs.clear();
  if (terms.names_outputs) {
    answers.outputs = OutputsOf(model);
    for (OutputSpec& output : answers.outputs) {
      if (output.kind == OutputKind::kLogits) output.width = terms.classes;
    }
  }
  if (!terms.chosen_classes || terms.class_order == nullptr) return answers;
  answers.classes = terms.classes;
  if (model.class_names.empty()) return answers;
  answers.class_names.clear();
  for (const int64_t index : *terms.class_order) {
    answers.class_names.push_back(model.class_names[static_cast<size_t>(index)]);
  }
  return answers;
}

}  // namespace distill
