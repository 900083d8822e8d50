#include "common/torch/placement.h"

#include <torch/cuda.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

struct Type {
  at::ScalarType dtype;
  absl::string_view short_name;
  absl::string_view long_name;
};

constexpr Type kComputeTypes[] = {
    {at::kFloat, "f32", "float32"},
    {at::kBFloat16, "bf16", "bfloat16"},
    {at::kHalf, "f16", "float16"},
};

const Type& TypeOf(at::ScalarType dtype) {
  return *std::find_if(std::begin(kComputeTypes), std::end(kComputeTypes),
                       [dtype](const Type& type) { return type.dtype == dtype; });
}

// Returns the N of "cuda:N", 0 for "cuda", and -1 for anything else.
int CudaIndex(absl::string_view device) {
  int index = -1;
  if (device == "cuda") return 0;
  if (!absl::ConsumePrefix(&device, "cuda:") || device.empty() || device.size() > 3 ||
      !absl::ascii_isdigit(device[0]) || !absl::SimpleAtoi(device, &index)) {
    return -1;
  }
  return index;
}

absl::StatusOr<at::Device> FindDevice(absl::string_view device) {
  const auto devices =
      static_cast<int>(torch::cuda::is_available() ? torch::cuda::device_count() : 0);
  if (device == "cpu" || (device == "auto" && devices == 0)) return at::Device(at::kCPU);
  const int index = device == "auto" ? 0 : CudaIndex(device);
  if (index < devices) return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(index));
  return absl::FailedPreconditionError(
      absl::StrCat(Field("device"), " ", device, ": this machine has ", devices,
                   " CUDA devices that this LibTorch can use; the device cpu needs none"));
}

}  // namespace

absl::Status CheckPlacement(absl::string_view device, absl::string_view dtype) {
  if (device != "auto" && device != "cpu" && CudaIndex(device) < 0) {
    return InvalidField("device", absl::StrCat("'", device, "'"), "auto, cpu, cuda or cuda:N");
  }
  std::vector<std::string> names;
  for (const Type& type : kComputeTypes) names.emplace_back(type.short_name);
  return CheckOneOf("dtype", dtype, names);
}

absl::StatusOr<Placement> ParsePlacement(absl::string_view device, absl::string_view dtype) {
  RETURN_IF_ERROR(CheckPlacement(device, dtype));
  Placement placement;
  ASSIGN_OR_RETURN(placement.device, FindDevice(device));
  for (const Type& type : kComputeTypes) {
    if (type.short_name == dtype) placement.dtype = type.dtype;
  }
  return placement;
}

absl::string_view ShortName(at::ScalarType dtype) { return TypeOf(dtype).short_name; }
absl::string_view LongName(at::ScalarType dtype) { return TypeOf(dtype).long_name; }

}  // namespace distill
