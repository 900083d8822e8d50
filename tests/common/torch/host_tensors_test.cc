#include "common/torch/host_tensors.h"

#include "gtest/gtest.h"

namespace distill {
namespace {

constexpr DType kAll[] = {DType::kBool,    DType::kUint8,  DType::kInt8,    DType::kInt16,
                          DType::kInt32,   DType::kInt64,  DType::kFloat16, DType::kBFloat16,
                          DType::kFloat32, DType::kFloat64};

TEST(HostTensorsTest, EveryTypeSurvivesTheWayThereAndBack) {
  for (DType dtype : kAll) {
    const at::Tensor tensor = at::arange(6, at::kFloat).view({2, 3}).to(ToTorch(dtype));
    const HostTensor host = FromTorch(tensor);
    EXPECT_EQ(host.dtype, dtype);
    EXPECT_EQ(host.shape, (Shape{2, 3}));
    EXPECT_TRUE(host.Validate().ok()) << host.Validate();
    const at::Tensor back = ToTorch(host);
    EXPECT_EQ(back.scalar_type(), tensor.scalar_type());
    EXPECT_TRUE(back.equal(tensor)) << Name(dtype);
  }
}

TEST(HostTensorsTest, FromTorchSharesContiguousMemoryAndKeepsItAlive) {
  at::Tensor tensor = at::arange(4, at::kFloat);
  const void* const memory = tensor.data_ptr();
  const HostTensor host = FromTorch(tensor);
  tensor.reset();
  EXPECT_EQ(host.bytes.piece(0).data(), memory);
  EXPECT_EQ(ToTorch(host)[3].item<float>(), 3);
}

TEST(HostTensorsTest, FromTorchLaysOutStridedTensorsRowByRow) {
  const at::Tensor transposed = at::arange(6).view({2, 3}).t();
  EXPECT_TRUE(ToTorch(FromTorch(transposed)).equal(transposed));
}

TEST(HostTensorsTest, ToTorchCopies) {
  const HostTensor host = FromTorch(at::arange(4));
  ToTorch(host).fill_(9);
  EXPECT_TRUE(ToTorch(host).equal(at::arange(4)));
}

TEST(HostTensorsTest, PiecesBecomeOneTensor) {
  HostTensor host = FromTorch(at::arange(6));
  const Bytes whole = host.bytes;
  host.bytes = whole.Slice(0, 11);
  host.bytes.Append(whole.Slice(11, whole.size() - 11));
  EXPECT_TRUE(ToTorch(host).equal(at::arange(6)));
}

TEST(HostTensorsTest, ScalarsAndEmptyTensorsAreTensors) {
  EXPECT_TRUE(ToTorch(FromTorch(at::scalar_tensor(5))).equal(at::scalar_tensor(5)));
  EXPECT_EQ(ToTorch(FromTorch(at::empty({0, 3}))).sizes(), (at::IntArrayRef{0, 3}));
}

TEST(HostTensorsTest, ConcatenationEqualsTorchs) {
  const at::Tensor all = at::arange(30, at::kInt).view({5, 2, 3});
  std::vector<HostTensor> parts;
  for (auto [begin, end] : {std::pair<int64_t, int64_t>{0, 2}, {2, 2}, {2, 5}}) {
    parts.push_back(FromTorch(all.slice(0, begin, end)));
  }
  const HostTensor* const pointers[] = {&parts[0], &parts[1], &parts[2]};
  EXPECT_TRUE(ConcatenateToTorch(pointers).equal(all));
}

}  // namespace
}  // namespace distill
