#include "common/contract/input_spec.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace distill {

std::string ToString(const InputSpec& spec) {
  return absl::StrCat(spec.name, ": ", Name(spec.dtype), ToString(spec.shape));
}

std::string ToString(const std::vector<InputSpec>& specs) {
  return absl::StrJoin(
      specs, ", ", [](std::string* out, const InputSpec& spec) { out->append(ToString(spec)); });
}

}  // namespace distill
