// PrefetchDepth: how many batches to keep ahead of the student, from what is measured, so that it
// seldom waits for the teacher and no more is held than that takes. Two bounds; the lower holds.
//
// Needed: a batch that is asked for now is there in time if as many are ahead of it as the student
// works off in its round trip: ceil((SRTT + 4·RTTVAR) / student's time a batch) + 1, with the
// estimators of RFC 6298, section 2; the one more is read and sent in the meantime.
//
// Useful: a round trip holds the time that our own requests queue at the teacher, so behind a slow
// teacher every batch more would ask for yet another. But there, as at the end of the credits, more
// depth does not make the student wait less. So while it waits and more is needed, twice the depth
// is tried for a round of hand-outs, and kept if it waited less; if not, less is tried, and kept
// until it waits longer, which drains the queue at the teacher; then follows a pause.
// (BBR takes the least round trip of a while. That needs an empty queue now and then to be seen,
// and trusts the least where other students' requests make the usual much longer.)
#pragma once

#include <cstdint>
#include <limits>

#include "absl/time/time.h"

namespace distill {

// Pure: a function of the calls. Not thread-safe. A call takes some tens of nanoseconds.
class PrefetchDepth {
 public:
  // wanted() is at most `most` (≥ 1), 4 at first, and 2 or more if `most` is.
  explicit PrefetchDepth(int64_t most);

  // `round_trip`: from sending a batch's first request until its last answer has arrived.
  void OnAnswered(absl::Duration round_trip);

  // `student_time`: between the hand-outs of two batches, without what was waited for the teacher
  // before the second: `waited`.
  void OnHandedOut(absl::Duration student_time, absl::Duration waited);

  // Batches asked for and not handed out yet.
  int64_t wanted() const;

 private:
  enum class Trying { kNothing, kMore, kLess };
  // Some hand-outs at one depth, after those that still show the depth before.
  struct Round {
    int64_t depth = 0;
    int64_t to_skip = 0;
    int64_t length = 0;
    int64_t batches = 0;
    absl::Duration waited;
    absl::Duration worked;
  };

  int64_t Needed() const;
  void EndRound();
  void BeginRound(int64_t useful);
  void TryMore();
  void TryLess();
  void Pause();

  const int64_t most_;
  const int64_t least_;

  absl::Duration smoothed_round_trip_;   // SRTT
  absl::Duration round_trip_variation_;  // RTTVAR
  absl::Duration student_time_;          // smoothed; 0: none yet
  int64_t needed_ = std::numeric_limits<int64_t>::max();

  int64_t useful_;
  Round round_;
  Trying trying_ = Trying::kNothing;
  int64_t before_ = 0;        // the try: to go back to
  absl::Duration reference_;  // waited a batch, before the try
  int64_t pause_ = 0;         // rounds until the next try
  int64_t next_pause_ = 1;
};

}  // namespace distill
