#include "teacher_server/runner/compare_dtypes.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

constexpr absl::Duration kAim = absl::Milliseconds(20);
constexpr int kTurns = 3;
// Types that are emulated take 10 to 100 times as long: not worth a second look.
constexpr double kHopeless = 10;

// Returns one output: the logits, if the model gives them.
absl::StatusOr<at::Tensor> AnOutput(const LoadedModel& model,
                                    const std::vector<at::Tensor>& batch) {
  if (model.classes() > 0) return model.Logits(batch);
  ASSIGN_OR_RETURN(std::vector<at::Tensor> outputs, model.Compute(batch));
  return std::move(outputs.front());
}

// One batch of zeros, until its output is there.
absl::StatusOr<absl::Duration> Time(const LoadedModel& model, int64_t samples) {
  const std::vector<at::Tensor> batch = model.ExampleInputs(samples);
  const absl::Time begin = absl::Now();
  ASSIGN_OR_RETURN(const at::Tensor output, AnOutput(model, batch));
  static_cast<void>(output.flatten()[0].item<float>());  // waits for a GPU
  return absl::Now() - begin;
}

absl::StatusOr<int64_t> ChooseBatch(const LoadedModel& model, int64_t max_samples) {
  int64_t samples = 1;
  while (true) {
    ASSIGN_OR_RETURN(const absl::Duration first, Time(model, samples));
    ASSIGN_OR_RETURN(const absl::Duration again, Time(model, samples));
    if (2 * samples > max_samples || std::min(first, again) > kAim / 2) return samples;
    samples *= 2;
  }
}

// How many times as fast as `served` the other one is.
absl::StatusOr<double> Speedup(const LoadedModel& served, const LoadedModel& other,
                               int64_t samples) {
  for (const int64_t warm_up : {int64_t{1}, samples}) {
    ASSIGN_OR_RETURN(absl::Duration slow, Time(other, warm_up));
    ASSIGN_OR_RETURN(const absl::Duration fast, Time(served, warm_up));
    if (slow > 2 * kAim) {  // the first run also prepares itself
      ASSIGN_OR_RETURN(slow, Time(other, warm_up));
    }
    if (slow > kHopeless * std::max(fast, kAim)) return absl::FDivDuration(fast, slow);
  }
  absl::Duration own = absl::InfiniteDuration();
  absl::Duration others = absl::InfiniteDuration();
  for (int turn = 0; turn < kTurns; ++turn) {
    ASSIGN_OR_RETURN(const absl::Duration served_time, Time(served, samples));
    ASSIGN_OR_RETURN(const absl::Duration other_time, Time(other, samples));
    own = std::min(own, served_time);
    others = std::min(others, other_time);
  }
  return absl::FDivDuration(own, others);
}

absl::StatusOr<double> TryDtype(const std::filesystem::path& directory, const LoadedModel& served,
                                at::ScalarType dtype, int64_t samples) {
  const Placement placement{served.placement().device, dtype};
  ASSIGN_OR_RETURN(const std::unique_ptr<LoadedModel> other,
                   LoadedModel::Load(directory, placement));
  return Speedup(served, *other, samples);
}

}  // namespace

std::string CompareDtypes(const std::filesystem::path& directory, const LoadedModel& served,
                          int64_t max_samples) {
  const absl::string_view own = ShortName(served.placement().dtype);
  const absl::StatusOr<int64_t> samples = ChooseBatch(served, max_samples);
  const auto time = samples.ok() ? Time(served, *samples) : samples.status();
  if (!time.ok()) return absl::StrCat("timing ", own, " failed: ", time.status().message());
  std::string line =
      absl::StrFormat("%s computes %.3g samples/s here in batches of %d", own,
                      static_cast<double>(*samples) / absl::ToDoubleSeconds(*time), *samples);
  absl::string_view separator = "; ";
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16, at::kHalf}) {
    if (dtype == served.placement().dtype) continue;
    const absl::StatusOr<double> speedup = TryDtype(directory, served, dtype, *samples);
    absl::StrAppend(&line, std::exchange(separator, ", "), ShortName(dtype),
                    speedup.ok() ? absl::StrFormat(" would be %.2g times as fast", *speedup)
                                 : " cannot run this model");
  }
  return line;
}

}  // namespace distill
