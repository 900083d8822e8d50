#include "student_trainer/step/autocast.h"

#include <ATen/autocast_mode.h>

#include "common/base/check.h"

namespace distill {

absl::string_view Name(Autocast autocast) { return autocast == Autocast::kBf16 ? "bf16" : "off"; }

absl::StatusOr<Autocast> ParseAutocast(absl::string_view name) {
  if (name == "off") return Autocast::kOff;
  if (name == "bf16") return Autocast::kBf16;
  if (name == "f16") {
    return absl::InvalidArgumentError(
        "`autocast` f16: small gradients underflow in float16 unless the loss is scaled, which "
        "this trainer does not do; use bf16, which has the range of float32");
  }
  return CheckOneOf("autocast", name, {"off", "bf16"});
}

AutocastScope::AutocastScope(Autocast autocast, at::DeviceType device)
    : autocast_(autocast),
      device_(device),
      was_enabled_(at::autocast::is_autocast_enabled(device)),
      was_dtype_(at::autocast::get_autocast_dtype(device)) {
  if (autocast_ == Autocast::kOff) return;
  at::autocast::set_autocast_dtype(device_, at::kBFloat16);
  at::autocast::set_autocast_enabled(device_, true);
  at::autocast::increment_nesting();
}

AutocastScope::~AutocastScope() {
  if (autocast_ == Autocast::kOff) return;
  // The cache holds narrow copies of parameters, which the next step changes.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, was_enabled_);
  at::autocast::set_autocast_dtype(device_, was_dtype_);
}

}  // namespace distill
