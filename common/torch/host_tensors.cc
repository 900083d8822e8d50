#include "common/torch/host_tensors.h"

#include <memory>
#include <utility>

namespace distill {
namespace {

constexpr std::pair<DType, at::ScalarType> kElementTypes[] = {
    {DType::kBool, at::kBool},     {DType::kUint8, at::kByte},
    {DType::kInt8, at::kChar},     {DType::kInt16, at::kShort},
    {DType::kInt32, at::kInt},     {DType::kInt64, at::kLong},
    {DType::kFloat16, at::kHalf},  {DType::kBFloat16, at::kBFloat16},
    {DType::kFloat32, at::kFloat}, {DType::kFloat64, at::kDouble},
};

DType FromTorch(at::ScalarType type) {
  for (const auto& [dtype, scalar_type] : kElementTypes) {
    if (scalar_type == type) return dtype;
  }
  TORCH_CHECK(false, "a tensor of type ", type, " has no DType");
}

}  // namespace

at::ScalarType ToTorch(DType dtype) {
  for (const auto& [candidate, scalar_type] : kElementTypes) {
    if (candidate == dtype) return scalar_type;
  }
  TORCH_CHECK(false, "a DType without a Torch type");
}

at::Tensor ToTorch(const HostTensor& tensor) {
  at::Tensor result = at::empty(tensor.shape, at::dtype(ToTorch(tensor.dtype)));
  tensor.bytes.CopyTo(result.data_ptr());
  return result;
}

at::Tensor ConcatenateToTorch(absl::Span<const HostTensor* const> tensors) {
  Shape shape = tensors.front()->shape;
  shape[0] = 0;
  for (const HostTensor* tensor : tensors) shape[0] += tensor->shape[0];
  at::Tensor result = at::empty(shape, at::dtype(ToTorch(tensors.front()->dtype)));
  auto* destination = static_cast<uint8_t*>(result.data_ptr());
  for (const HostTensor* tensor : tensors) {
    tensor->bytes.CopyTo(destination);
    destination += tensor->bytes.size();
  }
  return result;
}

HostTensor FromTorch(const at::Tensor& tensor) {
  auto owner = std::make_shared<const at::Tensor>(tensor.detach().cpu().contiguous());
  const auto* data = static_cast<const uint8_t*>(owner->const_data_ptr());
  const Bytes::Piece piece(data, owner->nbytes());
  return {FromTorch(owner->scalar_type()), owner->sizes().vec(),
          Bytes::Wrap(std::move(owner), piece)};
}

}  // namespace distill
