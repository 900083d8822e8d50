#include "student_trainer/alignment/teacher_session.h"

#include <torch/types.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/client/session/fetch_targets.h"
#include "common/codec/encoding.h"
#include "student_trainer/alignment/alignment.h"
#include "student_trainer/data/prepared_dataset.h"
#include "student_trainer/data/read_samples.h"
#include "student_trainer/loss/objective.h"
#include "student_trainer/quality/permutation.h"

namespace distill {
namespace {

// The probe asks for the likeliest class alone, which draws too tell at a low temperature.
constexpr float kProbeTemperature = 0.01F;

// Labelled samples of one data set for the probe.
struct ProbeSamples {
  const Dataset* dataset;
  CorruptSamples* corrupt;
  std::vector<int64_t> ids;
};

// Of the training part first, so that one data set is enough; of the validation part if those are
// too few.
std::vector<ProbeSamples> ChooseProbe(uint64_t seed, const TrainingData& data) {
  ProbeSamples training{data.train.get(), data.corrupt_train.get(),
                        DrawProbe(data.split.labelled, kProbeSamples, seed)};
  const auto missing = kProbeSamples - static_cast<int64_t>(training.ids.size());
  return {std::move(training),
          {&data.validation(), &data.corrupt_in_validation(),
           DrawProbe(data.validation_samples(), missing, seed)}};
}

// Labels of the rows that are asked about, and which positions these are.
struct ProbeRows {
  std::vector<int64_t> labels;
  std::vector<bool> wanted;  // empty: the samples have one row each
};

ProbeRows RowsOfProbe(const Dataset& dataset, const std::vector<int64_t>& samples) {
  ProbeRows rows;
  for (const int64_t sample : samples) {
    for (const int64_t label : dataset.Labels(sample)) {
      if (dataset.labels_by_position()) rows.wanted.push_back(label != kIgnoredPosition);
      if (label != kIgnoredPosition) rows.labels.push_back(label);
    }
  }
  return rows;
}

// The rows of an answer about all positions, or about those that are wanted alone.
at::Tensor WantedRows(const at::Tensor& answers, const std::vector<bool>& wanted) {
  if (answers.size(0) != static_cast<int64_t>(wanted.size())) return answers;
  std::vector<int64_t> index;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i]) index.push_back(static_cast<int64_t>(i));
  }
  return answers.index_select(0, torch::tensor(index, torch::kInt64));
}

// What the probe has seen.
struct Agreement {
  int64_t asked = 0;    // samples
  int64_t samples = 0;  // rows with labels
  int64_t correct = 0;
  std::vector<ClassCount> classes;
  std::map<std::pair<int64_t, int64_t>, int64_t> confused;  // by label and answer

  void Add(int64_t label, int64_t answer) {
    if (static_cast<int64_t>(classes.size()) <= label)
      classes.resize(static_cast<size_t>(label) + 1);
    ClassCount& count = classes[static_cast<size_t>(label)];
    ++samples, ++count.samples;
    correct += label == answer, count.correct += label == answer;
    if (label != answer) ++confused[{label, answer}];
  }

  std::string permutation(absl::Span<const std::string> class_names) const {
    std::vector<Confusion> confusions;
    for (const auto& [pair, count] : confused)
      confusions.push_back({pair.first, pair.second, count});
    return DescribePermutation(FindPermutation(classes, confusions), classes, class_names);
  }
};

absl::StatusOr<ParityResult> RunParityProbe(SoftTargetSource& teachers, uint64_t seed,
                                            TeacherLossPolicy on_loss, const TrainingData& data) {
  const ModelInfo& teacher = teachers.info();
  const std::vector<std::string>& names =
      data.train->class_names().empty() ? teacher.class_names : data.train->class_names();
  Agreement agreement;
  ParityResult result;
  for (const ProbeSamples& probe : ChooseProbe(seed, data)) {
    ASSIGN_OR_RETURN(const ReadSamplesResult read,
                     ReadSamples(*probe.dataset, probe.ids, *probe.corrupt));
    if (read.ids.empty()) continue;
    ASSIGN_OR_RETURN(const std::vector<size_t> inputs,
                     MatchInputs(teacher.inputs, probe.dataset->inputs()));
    const ProbeRows rows = RowsOfProbe(*probe.dataset, read.ids);
    agreement.asked += static_cast<int64_t>(read.ids.size());
    AskedBatch asked{SelectInputs(read.inputs, inputs), rows.wanted};
    if (LengthsOf(asked.inputs).empty()) asked.wanted.clear();  // all positions are answered
    ASSIGN_OR_RETURN(const std::vector<EncodedTargets> answers,
                     FetchTargets(teachers, asked,
                                  {.temperature = kProbeTemperature,
                                   .seed = seed,
                                   .rows_per_sample = RowsOn(teacher, *probe.dataset).per_sample,
                                   .on_fruitless_losses = on_loss == TeacherLossPolicy::kWait
                                                              ? OnFruitlessLosses::kWait
                                                              : OnFruitlessLosses::kGiveUp}));
    const at::Tensor likeliest =
        WantedRows(MostLikely(DecodeTargets(answers)), rows.wanted).to(torch::kInt64).contiguous();
    for (size_t i = 0; i < rows.labels.size(); ++i) {
      if (rows.labels[i] == kNoLabel) continue;
      agreement.Add(rows.labels[i], likeliest.const_data_ptr<int64_t>()[i]);
    }
    result = JudgeParity(agreement.correct, agreement.samples, teacher.classes,
                         agreement.permutation(names));
    result.asked = agreement.asked;
    if (result.parity != Parity::kTooFew) break;
  }
  return result;
}

// Whether the run continues on hard labels where the probe ended so: the teacher was lost again and
// again, and may be back later.
bool ContinuesWithoutProbe(const absl::Status& end, TeacherLossPolicy on_loss,
                           const SoftTargetSource& teachers) {
  const TeacherState state = teachers.state();
  return absl::IsUnavailable(end) && on_loss == TeacherLossPolicy::kHardLabels &&
         state != TeacherState::kFailed && state != TeacherState::kStopped;
}

// The error that refuses a teacher, with the option that lets it be.
absl::Status Refuse(absl::string_view description) {
  return absl::FailedPreconditionError(
      absl::StrCat(description, "; set `allow_misaligned_teacher` to train anyway"));
}

// The same of a teacher that has the classes in another order, which can be set right.
absl::Status RefuseOrder(absl::string_view description) {
  return absl::FailedPreconditionError(
      absl::StrCat(description,
                   "; set `class_names` to the teacher's order of the classes, or "
                   "`allow_misaligned_teacher` to train anyway"));
}

absl::Status ActOn(const ParityResult& parity, bool allow_misaligned) {
  const std::string description = Describe(parity);
  if (parity.parity == Parity::kMisaligned && !allow_misaligned) {
    return parity.permutation.empty() ? Refuse(description) : RefuseOrder(description);
  }
  if (parity.parity == Parity::kGood) {
    log::Info(description);
  } else {
    log::Warning(description);
  }
  return absl::OkStatus();
}

// Whether the objective can be computed from what the teacher is asked for.
absl::Status CheckObjective(const Objective& objective, const std::vector<AnswerOutput>& outputs) {
  std::vector<OutputSpec> asked;
  for (const AnswerOutput& output : outputs) asked.push_back(output.output);
  return CheckOutput(objective, asked);
}

// Adds the option that helps where the teacher's classes are not those of the data.
absl::Status WithWayOut(const absl::Status& refusal) {
  if (!absl::IsFailedPrecondition(refusal) ||
      !absl::StrContains(refusal.message(), "open.class_names: ")) {
    return refusal;
  }
  return absl::Status(refusal.code(),
                      absl::StrCat(refusal.message(),
                                   "; where the teacher has more classes than the data, set "
                                   "`teacher_classes`"));
}

}  // namespace

absl::StatusOr<TeacherSession> OpenTeacherSession(const TeacherOptions& options,
                                                  const TeacherUse& use, TrainingData& data,
                                                  Clock& clock, std::stop_token stop) {
  const TeacherAccess& access = options.access;
  TeacherSession session;
  const RaggedTerms ragged = RaggedTermsOf(*data.train);
  ASSIGN_OR_RETURN(WantedClasses classes, access.ResolvedClasses(data.train->class_names()));
  absl::StatusOr<std::unique_ptr<TeacherPool>> teachers =
      TeacherPool::Connect({.addresses = access.addresses,
                            .teacher = {.security = access.security,
                                        .model = access.model,
                                        .client_name = "student_trainer",
                                        .spec = options.ResolvedTargets(data.train->classes()),
                                        .class_names = std::move(classes.names),
                                        .class_subset = classes.subset,
                                        .class_indices = std::move(classes.indices),
                                        .batch_independent = use.deterministic,
                                        .ragged = ragged.ragged,
                                        .max_rows_per_sample = ragged.max_rows_per_sample,
                                        .connect_timeout = access.connect_timeout}},
                           clock, stop);
  if (!teachers.ok()) {
    return access.classes.empty() ? WithWayOut(teachers.status()) : teachers.status();
  }
  session.teachers = *std::move(teachers);
  const ModelInfo& teacher = session.teachers->info();
  log::Info(absl::StrFormat("teacher %s at %s: %s, %d classes, fingerprint %.12s", teacher.name,
                            absl::StrJoin(access.addresses, ", "), teacher.architecture,
                            teacher.classes, teacher.fingerprint));
  if (teacher.inputs.size() == 1) {
    RETURN_IF_ERROR(data.MakeImagesLike(teacher.inputs[0], "the teacher"));
  }
  RETURN_IF_ERROR(CheckObjective(use.objective, session.teachers->outputs()));
  RETURN_IF_ERROR(CheckTeacherFitsData(teacher, *data.train));
  RETURN_IF_ERROR(CheckLengthsFit(ragged, session.teachers->limits()));
  if (const absl::Status logits = CheckTeacherGivesLogits(teacher); !logits.ok()) {
    if (!options.allow_misaligned) return Refuse(logits.message());
    log::Warning(logits.message());
  }
  if (data.train->class_names().empty() || teacher.class_names.empty()) {
    log::Warning(absl::StrCat(
        data.train->class_names().empty() ? "the data" : "the teacher",
        " does not name its classes: only their number is compared with the other side's"));
  }
  // Captures the pool: `session` is moved from before the callback is destroyed.
  const std::stop_callback stop_probe(stop,
                                      [teachers = session.teachers.get()] { teachers->Stop(); });
  const absl::StatusOr<ParityResult> parity =
      RunParityProbe(*session.teachers, use.seed, options.on_loss, data);
  if (ContinuesWithoutProbe(parity.status(), options.on_loss, *session.teachers)) {
    log::Warning(absl::StrCat(parity.status().message(),
                              "; continuing without the parity probe, on hard labels"));
    session.probe_samples = session.teachers->stats().samples_answered;
    return session;
  }
  RETURN_IF_ERROR(parity.status());
  RETURN_IF_ERROR(ActOn(*parity, options.allow_misaligned));
  session.probe_samples = parity->asked;
  return session;
}

}  // namespace distill
