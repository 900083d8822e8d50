#include "student_trainer/alignment/alignment.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/random.h"

namespace distill {
namespace {

bool ShapesMatch(const Shape& teacher, const Shape& data) {
  return teacher.size() == data.size() &&
         std::equal(teacher.begin(), teacher.end(), data.begin(),
                    [](int64_t theirs, int64_t ours) { return theirs == -1 || theirs == ours; });
}

}  // namespace

absl::Status CheckTeacherFitsData(const ModelInfo& teacher, const Dataset& dataset) {
  if (teacher.inputs.size() != 1) {
    return absl::FailedPreconditionError(
        absl::StrCat("the teacher does not fit the data: it takes ", teacher.inputs.size(),
                     " inputs, the data has one"));
  }
  const InputSpec& theirs = teacher.inputs[0];
  const InputSpec& ours = dataset.input();
  if (theirs.dtype != ours.dtype || !ShapesMatch(theirs.shape, ours.shape)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the teacher does not fit the data: it takes ", ToString(theirs),
                     ", the data has ", ToString(ours),
                     dataset.images() == nullptr
                         ? ""
                         : "; set `image_size` and `image_channels` to make images fit"));
  }
  if (dataset.classes() > 0 && dataset.classes() != teacher.classes) {
    return absl::FailedPreconditionError(
        absl::StrCat("the teacher does not fit the data: it knows ", teacher.classes,
                     " classes, the data has ", dataset.classes()));
  }
  return absl::OkStatus();
}

ParityResult JudgeParity(int64_t correct, int64_t samples, int64_t classes) {
  ParityResult result{.samples = samples, .correct = correct};
  if (samples == 0 || classes < 2) return result;
  const double n = static_cast<double>(samples);
  const double chance = 1.0 / static_cast<double>(classes);
  const double accuracy = static_cast<double>(correct) / n;
  result.lowest = chance + 3 * std::sqrt(chance * (1 - chance) / n);
  result.parity = accuracy < result.lowest ? Parity::kMisaligned
                  : accuracy < 0.5         ? Parity::kWeak
                                           : Parity::kGood;
  return result;
}

std::string Describe(const ParityResult& result) {
  if (result.parity == Parity::kNotChecked) {
    return "parity probe: not checked, there are no labelled samples";
  }
  std::string text = absl::StrFormat("parity probe: the teacher agrees with %d of %d labels",
                                     result.correct, result.samples);
  if (result.parity == Parity::kWeak) absl::StrAppend(&text, ", fewer than half");
  if (result.parity == Parity::kMisaligned) {
    absl::StrAppendFormat(&text,
                          ", which is no better than chance (%.1f%% were needed): its classes or "
                          "its inputs are not those of the data",
                          100 * result.lowest);
  }
  return text;
}

std::vector<int64_t> DrawProbe(absl::Span<const int64_t> candidates, int64_t count, uint64_t seed) {
  std::vector<int64_t> drawn(candidates.begin(), candidates.end());
  Shuffle(drawn, MixSeed({seed, 0x70726f6265 /* "probe" */}));
  if (static_cast<int64_t>(drawn.size()) > count) drawn.resize(static_cast<size_t>(count));
  return drawn;
}

}  // namespace distill
