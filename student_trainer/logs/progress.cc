#include "student_trainer/logs/progress.h"

#include <unistd.h>

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace distill {
namespace {

constexpr absl::Duration kTerminalInterval = absl::Milliseconds(100);
constexpr absl::Duration kPipeInterval = absl::Seconds(10);
constexpr char kClearLine[] = "\r\x1b[K";

}  // namespace

Progress::Progress(std::ostream& out, Output output, Clock& clock)
    : out_(out), output_(output), clock_(clock), start_(clock.Now()), last_(start_) {}

void Progress::Update(const ProgressState& state) {
  const absl::Time now = clock_.Now();
  const absl::Duration interval = output_ == Output::kTerminal ? kTerminalInterval : kPipeInterval;
  if (now - last_ < interval) return;
  last_ = now;
  const std::string line = FormatProgress(state, now - start_);
  if (output_ == Output::kTerminal) {
    out_ << kClearLine << line << std::flush;
    line_is_open_ = true;
  } else {
    out_ << line << std::endl;
  }
}

void Progress::Print(const std::string& line) {
  if (line_is_open_) out_ << kClearLine;
  line_is_open_ = false;
  out_ << line << std::endl;
}

std::string FormatProgress(const ProgressState& state, absl::Duration elapsed) {
  const double seconds = absl::ToDoubleSeconds(elapsed);
  std::string line = absl::StrFormat("epoch %d/%d  step %d/%d", state.epoch + 1, state.epochs,
                                     state.step, state.steps);
  if (seconds > 0) absl::StrAppendFormat(&line, "  %.0f samples/s", state.samples / seconds);
  absl::StrAppendFormat(&line, "  loss %.4f", state.loss);
  if (!std::isnan(state.accuracy)) {
    absl::StrAppendFormat(&line, "  accuracy %.1f%%", 100 * state.accuracy);
  }
  if (state.has_teacher && seconds > 0) {
    absl::StrAppendFormat(&line, "  waiting %.0f%%",
                          100 * absl::ToDoubleSeconds(state.waited) / seconds);
  }
  if (const int64_t done = state.step - state.steps_before; done > 0) {
    const absl::Duration left =
        elapsed * (static_cast<double>(state.steps - state.step) / static_cast<double>(done));
    absl::StrAppend(&line, "  left ", absl::FormatDuration(absl::Ceil(left, absl::Seconds(1))));
  }
  return line;
}

Progress::Output OutputOfStdout() {
  return ::isatty(STDOUT_FILENO) ? Progress::Output::kTerminal : Progress::Output::kPipe;
}

}  // namespace distill
