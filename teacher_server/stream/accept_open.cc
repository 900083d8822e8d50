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
  ASSIGN_OR_RETURN(terms.encoding.class_order, ChooseClasses(open, teacher.info));
  terms.chosen_classes = open.class_subset() || !open.class_indices().empty();
  terms.classes = terms.encoding.class_order == nullptr
                      ? teacher.info.classes
                      : static_cast<int64_t>(terms.encoding.class_order->size());
  ASSIGN_OR_RETURN(terms.encoding.spec, GrantTargets(open.targets(), terms.classes),
                   "open.targets");
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

ModelInfo DescribeAnswers(const ModelInfo& model, const StreamTerms& terms) {
  ModelInfo answers = model;
  if (!terms.chosen_classes || terms.encoding.class_order == nullptr) return answers;
  answers.classes = terms.classes;
  if (model.class_names.empty()) return answers;
  answers.class_names.clear();
  for (const int64_t index : *terms.encoding.class_order) {
    answers.class_names.push_back(model.class_names[static_cast<size_t>(index)]);
  }
  return answers;
}

}  // namespace distill
