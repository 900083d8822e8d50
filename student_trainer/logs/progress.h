// Progress: prints how far a run is, to a terminal or a pipe.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "absl/time/time.h"
#include "common/base/clock.h"

namespace distill {

struct ProgressState {
  int64_t epoch = 0;  // from 0
  int64_t epochs = 0;
  int64_t step = 0;  // steps done in the whole run
  int64_t steps = 0;
  int64_t steps_before = 0;  // of those done, before this process
  int64_t samples = 0;       // trained by this process
  double loss = 0;           // of the epoch so far
  double accuracy = 0;    // on the labelled training samples of the epoch so far, [0, 1]; NaN: none
  absl::Duration waited;  // for the teacher, by this process
  bool has_teacher = false;
};

// On a terminal one line that is written over, ten times a second at most; in a pipe a plain line
// every ten seconds. Not thread-safe; the stream must outlive it.
class Progress {
 public:
  enum class Output { kTerminal, kPipe };

  Progress(std::ostream& out, Output output, Clock& clock);

  void Update(const ProgressState& state);

  // A line that stays: the terminal's progress line is cleared first.
  void Print(const std::string& line);

 private:
  std::ostream& out_;
  const Output output_;
  Clock& clock_;
  const absl::Time start_;
  absl::Time last_;
  bool line_is_open_ = false;
};

// "epoch 3/10  step 1290/4290  5,120 samples/s  loss 0.312  accuracy 91.2%  waiting 12%  left
// 1m20s"
std::string FormatProgress(const ProgressState& state, absl::Duration elapsed);

// Whether standard output is a terminal.
Progress::Output OutputOfStdout();

}  // namespace distill
