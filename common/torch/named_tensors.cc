#include "common/torch/named_tensors.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/known_names.h"
#include "common/torch/host_tensors.h"
#include "common/torch/torch_errors.h"

namespace distill {
namespace {

bool MayBeMissing(const std::string& name) { return absl::EndsWith(name, "num_batches_tracked"); }

// Returns the differences between the two; empty if they fit.
std::vector<std::string> Differences(const TensorMap& state, const NamedTensors& own) {
  std::vector<std::string> problems;
  for (const auto& [name, tensor] : own) {
    const auto found = state.find(name);
    if (found == state.end()) {
      if (!MayBeMissing(name)) problems.push_back(absl::StrCat(name, " is missing"));
    } else if (tensor.sizes() != at::IntArrayRef(found->second.shape)) {
      problems.push_back(absl::StrCat(name, " has shape ", ToString(found->second.shape),
                                      " instead of ", ToString(tensor.sizes().vec())));
    } else if (const absl::Status valid = found->second.Validate(); !valid.ok()) {
      problems.push_back(absl::StrCat(name, ": ", valid.message()));
    }
  }
  for (const auto& [name, tensor] : state) {
    if (!own.contains(name)) problems.push_back(absl::StrCat(name, " is left over"));
  }
  return problems;
}

// The part up to a dot with which all names of `state` begin and none of `own`; empty: none.
absl::string_view ForeignPrefix(const TensorMap& state, const NamedTensors& own) {
  if (state.empty() || own.empty()) return "";
  const absl::string_view first = state.begin()->first;
  const absl::string_view prefix = first.substr(0, first.find('.') + 1);
  const auto begins = [prefix](const auto& item) { return absl::StartsWith(item.first, prefix); };
  const bool foreign = std::all_of(state.begin(), state.end(), begins) &&
                       std::none_of(own.begin(), own.end(), begins);
  return foreign ? prefix : "";
}

constexpr size_t kPieceBytes = size_t{16} << 20;

void Copy(const HostTensor& from, const at::Tensor& to,
          const std::function<void(const Bytes&)>& copied) {
  const bool as_it_is =
      to.is_cpu() && to.is_contiguous() && to.scalar_type() == ToTorch(from.dtype);
  if (!as_it_is) {
    to.copy_(ToTorch(from));
    copied(from.bytes);
    return;
  }
  for (size_t begin = 0; begin < from.bytes.size(); begin += kPieceBytes) {
    const Bytes piece = from.bytes.Slice(begin, std::min(kPieceBytes, from.bytes.size() - begin));
    piece.CopyTo(static_cast<uint8_t*>(to.data_ptr()) + begin);
    copied(piece);
  }
}

}  // namespace

void AddUnder(absl::string_view prefix, const NamedTensors& tensors, NamedTensors& all) {
  for (const auto& [name, tensor] : tensors) all.emplace(absl::StrCat(prefix, ".", name), tensor);
}

TensorMap ToHost(const NamedTensors& tensors) {
  TensorMap state;
  for (const auto& [name, tensor] : tensors) state.emplace(name, FromTorch(tensor));
  return state;
}

absl::Status CopyInto(const TensorMap& state, const NamedTensors& own, absl::string_view what,
                      const std::function<void(const Bytes&)>& copied) {
  if (const std::vector<std::string> problems = Differences(state, own); !problems.empty()) {
    const absl::string_view prefix = ForeignPrefix(state, own);
    return absl::InvalidArgumentError(absl::StrCat(
        "the tensors do not fit ", what, ": ", SomeOf(problems),
        prefix.empty() ? "" : absl::StrCat("; rename them without the prefix '", prefix, "'")));
  }
  return CatchTorch([&] {
    const at::NoGradGuard no_grad;
    for (const auto& [name, tensor] : own) {
      const auto found = state.find(name);
      if (found != state.end()) Copy(found->second, tensor, copied);
    }
  });
}

}  // namespace distill
