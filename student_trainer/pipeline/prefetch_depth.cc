#include "student_trainer/pipeline/prefetch_depth.h"

#include <algorithm>
#include <cmath>

namespace distill {
namespace {

constexpr int64_t kFirst = 4;
constexpr int64_t kLeast = 2;
constexpr int64_t kRoundBatches = 32;  // at least: averages of fewer hide what a depth changes
constexpr int64_t kMostPause = 32;     // rounds; so a try that costs costs little
constexpr double kWaitsLittle = 0.02;  // of the time a batch takes: not worth more depth
constexpr double kSaves = 0.93;        // of what was waited before: worth a greater depth
constexpr double kCostsLittle = 1.03;  // of what was waited before: a lower depth is as good

}  // namespace

PrefetchDepth::PrefetchDepth(int64_t most)
    : most_(std::max<int64_t>(1, most)),
      least_(std::min(kLeast, most_)),
      useful_(std::min(kFirst, most_)) {
  BeginRound(useful_);
}

int64_t PrefetchDepth::wanted() const { return std::min(useful_, needed_); }

void PrefetchDepth::OnAnswered(absl::Duration round_trip) {
  round_trip = std::max(round_trip, absl::Nanoseconds(1));
  if (smoothed_round_trip_ == absl::ZeroDuration()) {
    smoothed_round_trip_ = round_trip;
    round_trip_variation_ = round_trip / 2;
    return;
  }
  const absl::Duration off = absl::AbsDuration(smoothed_round_trip_ - round_trip);
  round_trip_variation_ += (off - round_trip_variation_) / 4;
  smoothed_round_trip_ += (round_trip - smoothed_round_trip_) / 8;
}

void PrefetchDepth::OnHandedOut(absl::Duration student_time, absl::Duration waited) {
  student_time = std::max(student_time, absl::Nanoseconds(1));
  if (student_time_ == absl::ZeroDuration()) student_time_ = student_time;
  // A validation or a checkpoint in between is not the student's pace.
  student_time = std::min(student_time, 2 * student_time_);
  student_time_ += (student_time - student_time_) / 8;
  needed_ = Needed();

  if (round_.to_skip > 0) {
    --round_.to_skip;
    return;
  }
  ++round_.batches;
  round_.waited += waited;
  round_.worked += student_time;
  if (round_.batches >= round_.length) EndRound();
}

int64_t PrefetchDepth::Needed() const {
  if (smoothed_round_trip_ == absl::ZeroDuration()) return most_;
  const absl::Duration late = smoothed_round_trip_ + 4 * round_trip_variation_;
  const double batches = std::ceil(absl::FDivDuration(late, student_time_)) + 1;
  return static_cast<int64_t>(
      std::clamp(batches, static_cast<double>(least_), static_cast<double>(most_)));
}

void PrefetchDepth::EndRound() {
  const absl::Duration waited = round_.waited / round_.batches;
  const absl::Duration worked = round_.worked / round_.batches;
  if (waited <= kWaitsLittle * (waited + worked) || needed_ < useful_) {
    // Nothing to gain. The round trip may double before more has to be tried again.
    trying_ = Trying::kNothing;
    reference_ = waited;
    pause_ = 0;
    next_pause_ = 1;
    return BeginRound(std::min(useful_, 2 * needed_));
  }
  switch (trying_) {
    case Trying::kMore:
      if (waited > kSaves * reference_) {
        useful_ = before_;
        return TryLess();
      }
      reference_ = waited;
      next_pause_ = 1;
      return TryMore();
    case Trying::kLess:
      if (waited <= kCostsLittle * reference_) return TryLess();
      useful_ = before_;
      return Pause();
    case Trying::kNothing:
      if (waited > 2 * reference_) {  // something has changed
        pause_ = 0;
        next_pause_ = 1;
      }
      reference_ = waited;
      if (pause_ == 0) return TryMore();
      --pause_;
      return BeginRound(useful_);
  }
}

void PrefetchDepth::BeginRound(int64_t useful) {
  useful_ = useful;
  const int64_t depth = wanted();
  // What is waited comes in bursts, one in as many hand-outs as are ahead: whole bursts are
  // compared.
  const int64_t bursts = (kRoundBatches + depth - 1) / depth;
  round_ = Round{.depth = depth,
                 .to_skip = depth == round_.depth ? 0 : std::max(depth, round_.depth),
                 .length = bursts * depth};
}

void PrefetchDepth::TryMore() {
  const int64_t more = std::min({2 * useful_, needed_, most_});
  if (more <= useful_) return TryLess();
  trying_ = Trying::kMore;
  before_ = useful_;
  BeginRound(more);
}

void PrefetchDepth::TryLess() {
  const int64_t less = std::max(useful_ * 3 / 4, least_);
  if (less == useful_) return Pause();
  trying_ = Trying::kLess;
  before_ = useful_;
  BeginRound(less);
}

void PrefetchDepth::Pause() {
  trying_ = Trying::kNothing;
  pause_ = next_pause_;
  next_pause_ = std::min(2 * next_pause_, kMostPause);
  BeginRound(useful_);
}

}  // namespace distill
