// The alignment contract: before the first step, whether teacher and student look at the same
// thing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/contract/input_spec.h"
#include "common/contract/limits.h"
#include "common/contract/served_model.h"
#include "student_trainer/data/dataset.h"

namespace distill {

// Shapes and dtypes of the data against the teacher's inputs, the number of classes, and a row of
// answers for each label. FAILED_PRECONDITION shows both sides. Names of classes are matched by the
// server at open.
absl::Status CheckTeacherFitsData(const ModelInfo& teacher, const Dataset& dataset);

// What a stream about samples of a data set is opened with.
struct RaggedTerms {
  bool ragged = false;              // samples have lengths
  int64_t max_rows_per_sample = 0;  // the longest of them
};
RaggedTerms RaggedTermsOf(const Dataset& dataset);

// FAILED_PRECONDITION if the longest sample is longer than a server takes.
absl::Status CheckLengthsFit(const RaggedTerms& terms, const StreamLimits& limits);

// How the rows of a teacher's logits lie on a data set.
struct LogitRows {
  bool by_position = false;
  int64_t per_sample = 1;  // of samples without lengths
};

// Of a teacher that CheckTeacherFitsData accepts.
LogitRows RowsOn(const ModelInfo& teacher, const Dataset& dataset);

// FAILED_PRECONDITION where the server found that the model gives something else than logits.
absl::Status CheckTeacherGivesLogits(const ModelInfo& teacher);

// How many of the probe's samples the teacher got right decides.
enum class Parity { kNotChecked, kTooFew, kGood, kWeak, kMisaligned };
struct ParityResult {
  Parity parity = Parity::kNotChecked;
  int64_t asked = 0;    // samples that the teacher was asked about
  int64_t samples = 0;  // labels that its answers were compared with
  int64_t correct = 0;
  int64_t least = 0;        // fewer correct ones are what guessing gives
  std::string permutation;  // DescribePermutation; empty: none
};

// Guessing gives each label with the probability 1/classes. kMisaligned: fewer than `least` are
// correct, the smallest number that guessing reaches with a probability of kGuessing at most (the
// binomial distribution's tail), or there is a permutation; kWeak: fewer than half; kTooFew: fewer
// than `least`, of which a teacher that is right in kUsefulShare of all cases would fall short,
// too; kNotChecked: no samples. Pure.
inline constexpr double kUsefulShare = 0.8;
inline constexpr double kGuessing = 0.00135;  // beyond three standard deviations of a normal one
ParityResult JudgeParity(int64_t correct, int64_t samples, int64_t classes,
                         std::string permutation = "");

// "parity probe: the teacher agrees with 231 of 256 labels"
std::string Describe(const ParityResult& result);

// Up to `count` of `candidates` (labelled samples), drawn as a function of the seed.
std::vector<int64_t> DrawProbe(absl::Span<const int64_t> candidates, int64_t count, uint64_t seed);

inline constexpr int64_t kProbeSamples = 256;

}  // namespace distill
