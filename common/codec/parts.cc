#include "common/codec/parts.h"

#include <ATen/ATen.h>

#include <vector>

#include "common/contract/bit_packing.h"
#include "common/torch/host_tensors.h"

namespace distill {

at::Tensor PartToTorch(absl::Span<const EncodedTargets> answers, size_t part) {
  std::vector<const HostTensor*> tensors;
  tensors.reserve(answers.size());
  for (const EncodedTargets& answer : answers) tensors.push_back(&answer.parts[part]);
  return ConcatenateToTorch(tensors);
}

void Pack(const at::Tensor& values, int bits, const at::Tensor& packed) {
  const at::Tensor rows = values.contiguous();
  const int64_t n = rows.size(1);
  for (int64_t row = 0; row < rows.size(0); ++row) {
    PackRow({rows.const_data_ptr<int64_t>() + row * n, static_cast<size_t>(n)}, bits,
            packed.mutable_data_ptr<uint8_t>() + row * packed.size(1));
  }
}

at::Tensor Unpack(const at::Tensor& packed, int64_t n, int bits) {
  const at::Tensor values = at::empty({packed.size(0), n}, at::kLong);
  for (int64_t row = 0; row < packed.size(0); ++row) {
    UnpackRow(packed.const_data_ptr<uint8_t>() + row * packed.size(1), bits,
              {values.mutable_data_ptr<int64_t>() + row * n, static_cast<size_t>(n)});
  }
  return values;
}

}  // namespace distill
