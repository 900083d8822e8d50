#include "student_trainer/alignment/teacher_logits.h"

#include <utility>
#include <variant>
#include <vector>

#include "common/base/status_macros.h"
#include "common/client/session/fetch_targets.h"
#include "common/codec/encoding.h"

namespace distill {
namespace {

// Logits draw nothing, but no two requests of a run share a seed.
constexpr uint64_t kSeed = 0x6c6f67697473;

}  // namespace

absl::StatusOr<std::unique_ptr<TeacherPool>> ConnectForLogits(
    const TeacherAccess& access, const std::string& client_name,
    const std::vector<std::string>& class_names, const RaggedTerms& ragged, Clock& clock,
    std::stop_token stop) {
  ASSIGN_OR_RETURN(WantedClasses classes, access.ResolvedClasses(class_names));
  return TeacherPool::Connect({.addresses = access.addresses,
                               .teacher = {.security = access.security,
                                           .model = access.model,
                                           .client_name = client_name,
                                           .spec = {.encoding = TargetEncoding::kDenseF32},
                                           .class_names = std::move(classes.names),
                                           .class_subset = classes.subset,
                                           .class_indices = std::move(classes.indices),
                                           .ragged = ragged.ragged,
                                           .max_rows_per_sample = ragged.max_rows_per_sample,
                                           .connect_timeout = access.connect_timeout}},
                              clock, std::move(stop));
}

absl::StatusOr<at::Tensor> FetchLogits(SoftTargetSource& teachers, const AskedBatch& samples,
                                       int64_t rows_per_sample) {
  ASSIGN_OR_RETURN(const std::vector<EncodedTargets> answers,
                   FetchTargets(teachers, samples,
                                {.seed = kSeed,
                                 .rows_per_sample = rows_per_sample,
                                 .on_fruitless_losses = OnFruitlessLosses::kGiveUp}));
  return std::get<FullLogits>(DecodeTargets(answers)).logits;
}

}  // namespace distill
