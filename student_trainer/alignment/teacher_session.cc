#include "student_trainer/alignment/teacher_session.h"

#include <torch/types.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/client/session/fetch_targets.h"
#include "common/codec/encoding.h"
#include "student_trainer/alignment/alignment.h"
#include "student_trainer/data/read_samples.h"

namespace distill {
namespace {

// The probe asks for the likeliest class alone, which draws too tell at a low temperature.
constexpr float kProbeTemperature = 0.01F;

// Labelled samples for the probe: of the training part first, so that one data set is enough.
struct ProbeSamples {
  const Dataset* dataset;
  CorruptSamples* corrupt;
  std::vector<int64_t> ids;
};
ProbeSamples ChooseProbe(const TrainOptions& options, const TrainingData& data) {
  const std::vector<int64_t> validation = data.validation_samples();
  if (!data.split.labelled.empty()) {
    return {data.train.get(), data.corrupt_train.get(),
            DrawProbe(data.split.labelled, kProbeSamples, options.seed)};
  }
  return {&data.validation(), &data.corrupt_in_validation(),
          DrawProbe(validation, kProbeSamples, options.seed)};
}

int64_t CountAgreements(const std::vector<EncodedTargets>& answers, const Dataset& dataset,
                        absl::Span<const int64_t> ids) {
  std::vector<int64_t> labels;
  for (const int64_t id : ids) labels.push_back(dataset.Label(id));
  return MostLikely(DecodeTargets(answers))
      .eq(torch::tensor(labels, torch::kInt64))
      .sum()
      .item<int64_t>();
}

absl::StatusOr<ParityResult> RunParityProbe(SoftTargetSource& teachers, const TrainOptions& options,
                                            const TrainingData& data) {
  const ProbeSamples probe = ChooseProbe(options, data);
  ASSIGN_OR_RETURN(const ReadSamplesResult read,
                   ReadSamples(*probe.dataset, probe.ids, *probe.corrupt));
  if (read.ids.empty()) return ParityResult{};
  ASSIGN_OR_RETURN(const std::vector<EncodedTargets> answers,
                   FetchTargets(teachers, read.inputs,
                                {.temperature = kProbeTemperature, .seed = options.seed}));
  const int64_t correct = CountAgreements(answers, *probe.dataset, read.ids);
  return JudgeParity(correct, static_cast<int64_t>(read.ids.size()), teachers.info().classes);
}

absl::Status ActOn(const ParityResult& parity, bool allow_misaligned) {
  const std::string description = Describe(parity);
  if (parity.parity == Parity::kMisaligned && !allow_misaligned) {
    return absl::FailedPreconditionError(
        absl::StrCat(description, "; set `allow_misaligned_teacher` to train anyway"));
  }
  if (parity.parity == Parity::kGood) {
    log::Info(description);
  } else {
    log::Warning(description);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TeacherSession> OpenTeacherSession(const TrainOptions& options,
                                                  const TrainingData& data, Clock& clock,
                                                  std::stop_token stop) {
  TeacherSession session;
  ASSIGN_OR_RETURN(
      session.teachers,
      TeacherPool::Connect({.addresses = options.teacher.addresses,
                            .teacher = {.security = options.teacher.security,
                                        .model = options.teacher.model,
                                        .client_name = "student_trainer",
                                        .spec = options.ResolvedTargets(data.train->classes()),
                                        .class_names = data.train->class_names(),
                                        .batch_independent = options.deterministic,
                                        .connect_timeout = options.teacher.connect_timeout}},
                           clock, stop));
  const ModelInfo& teacher = session.teachers->info();
  log::Info(absl::StrFormat("teacher %s at %s: %s, %d classes, fingerprint %.12s", teacher.name,
                            absl::StrJoin(options.teacher.addresses, ", "), teacher.architecture,
                            teacher.classes, teacher.fingerprint));
  RETURN_IF_ERROR(CheckTeacherFitsData(teacher, *data.train));
  if (data.train->class_names().empty() || teacher.class_names.empty()) {
    log::Warning(absl::StrCat(
        data.train->class_names().empty() ? "the data" : "the teacher",
        " does not name its classes: only their number is compared with the other side's"));
  }
  // Captures the pool: `session` is moved from before the callback is destroyed.
  const std::stop_callback stop_probe(stop,
                                      [teachers = session.teachers.get()] { teachers->Stop(); });
  ASSIGN_OR_RETURN(const ParityResult parity, RunParityProbe(*session.teachers, options, data));
  RETURN_IF_ERROR(ActOn(parity, options.allow_misaligned_teacher));
  session.probe_samples = parity.samples;
  return session;
}

}  // namespace distill
