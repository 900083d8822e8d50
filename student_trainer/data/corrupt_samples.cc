#include "student_trainer/data/corrupt_samples.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/count.h"
#include "common/base/log.h"
#include "common/base/status.h"

namespace distill {

absl::Status CorruptSamples::Report(int64_t index, const absl::Status& why) {
  if (!absl::IsDataLoss(why)) return why;
  bool first = false;
  int64_t corrupt = 0;
  {
    const MutexLock lock(mutex_);
    first = seen_.insert(index).second;
    corrupt = static_cast<int64_t>(seen_.size());
  }
  const std::string reason(why.message());
  if (corrupt > max_corrupt_) {
    return Annotate(why, absl::StrCat(what_, ": ", Count(corrupt, "corrupt sample"),
                                      ", where `max_corrupt` allows ", max_corrupt_));
  }
  if (first) {
    log::Warning(log::Line("a corrupt sample is skipped", {{"sample", index}, {"why", reason}}));
  }
  return absl::OkStatus();
}

int64_t CorruptSamples::count() const {
  const MutexLock lock(mutex_);
  return static_cast<int64_t>(seen_.size());
}

}  // namespace distill
