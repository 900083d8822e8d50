#include "common/tensor/host_tensor.h"

#include <gmock/gmock.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::AllOf;
using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr int64_t kHuge = int64_t{1} << 62;

constexpr DType kAllDTypes[] = {DType::kBool,    DType::kUint8,  DType::kInt8,    DType::kInt16,
                                DType::kInt32,   DType::kInt64,  DType::kFloat16, DType::kBFloat16,
                                DType::kFloat32, DType::kFloat64};

template <typename T>
Bytes BytesOf(const std::vector<T>& elements) {
  return Bytes::FromString(
      std::string(reinterpret_cast<const char*>(elements.data()), elements.size() * sizeof(T)));
}

// Returns the same bytes, one per piece, so that every element crosses boundaries.
Bytes Crumble(const Bytes& bytes) {
  Bytes crumbs;
  for (size_t i = 0; i < bytes.size(); ++i) {
    crumbs.Append(Bytes::FromString(bytes.Slice(i, 1).ToString()));
  }
  return crumbs;
}

TEST(DTypeTest, NamesAreReadBack) {
  for (const DType dtype : kAllDTypes) EXPECT_EQ(*ParseDType(Name(dtype)), dtype);
}

TEST(DTypeTest, WidthsAndKindsAreThoseOfTheNames) {
  const struct {
    const char* name;
    size_t width;
    bool floating_point;
  } cases[] = {
      {"bool", 1, false},   {"uint8", 1, false},  {"int8", 1, false},   {"int16", 2, false},
      {"int32", 4, false},  {"int64", 8, false},  {"float16", 2, true}, {"bfloat16", 2, true},
      {"float32", 4, true}, {"float64", 8, true},
  };
  for (const auto& c : cases) {
    const DType dtype = *ParseDType(c.name);
    EXPECT_EQ(ByteWidth(dtype), c.width) << c.name;
    EXPECT_EQ(IsFloatingPoint(dtype), c.floating_point) << c.name;
  }
}

TEST(DTypeTest, AnUnknownNameIsRefusedWithTheKnown) {
  for (const char* name : {"", "float", "Float32", "complex64"}) {
    EXPECT_THAT(ParseDType(name), ErrorIs(kInvalid, AllOf(HasSubstr(std::string("'") + name + "'"),
                                                          HasSubstr("uint8, int8"))));
  }
}

TEST(ShapeTest, IsWrittenWithItsVariableDimensions) {
  EXPECT_EQ(ToString(Shape{}), "[]");
  EXPECT_EQ(ToString(Shape{3, -1, 32}), "[3, -1, 32]");
}

TEST(ShapeTest, NumElementsIsTheProduct) {
  const struct {
    Shape shape;
    int64_t elements;
  } cases[] = {
      {{}, 1},
      {{0}, 0},
      {{2, 3, 4}, 24},
      {{kHuge, 1}, kHuge},
      {{kHuge, kHuge, 0}, 0},
      {{0, kHuge, kHuge}, 0},
      {{std::numeric_limits<int64_t>::max()}, std::numeric_limits<int64_t>::max()},
  };
  for (const auto& c : cases) EXPECT_EQ(*NumElements(c.shape), c.elements) << ToString(c.shape);
}

TEST(ShapeTest, NegativeDimensionsAndOverflowAreRefused) {
  for (const Shape& shape : {Shape{-1}, Shape{2, -3}, Shape{0, -1}, Shape{kHuge, 2},
                             Shape{int64_t{1} << 32, int64_t{1} << 32}, Shape{kHuge, kHuge, 4}}) {
    EXPECT_THAT(NumElements(shape), ErrorIs(kInvalid, HasSubstr(ToString(shape))));
  }
}

TEST(ShapeTest, ByteSizeIsCheckedForOverflowToo) {
  EXPECT_EQ(*ByteSize(DType::kFloat32, {2, 3}), 24u);
  EXPECT_EQ(*ByteSize(DType::kUint8, {kHuge}), size_t{1} << 62);
  EXPECT_THAT(ByteSize(DType::kFloat16, {kHuge}), ErrorIs(kInvalid, HasSubstr("float16")));
}

TEST(HostTensorTest, BytesMustBeAsManyAsTheShapeSays) {
  const Bytes four = Bytes::FromString("abcd");
  EXPECT_THAT((HostTensor{DType::kUint8, {2, 2}, four}.Validate()), IsOk());
  EXPECT_THAT((HostTensor{DType::kFloat32, {}, four}.Validate()), IsOk());
  EXPECT_THAT((HostTensor{DType::kFloat32, {0, 5}, {}}.Validate()), IsOk());
  EXPECT_THAT((HostTensor{DType::kInt16, {3}, four}.Validate()),
              ErrorIs(kInvalid, HasSubstr("is 4; must be 6")));
  EXPECT_THAT((HostTensor{DType::kUint8, {-4}, four}.Validate()), ErrorIs(kInvalid));
}

TEST(HostTensorTest, SliceRowsSharesTheRows) {
  const HostTensor tensor{
      DType::kInt16, {4, 3}, BytesOf<int16_t>({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})};
  const HostTensor rows = SliceRows(tensor, 1, 3);
  EXPECT_EQ(rows.shape, (Shape{2, 3}));
  EXPECT_THAT(rows.Validate(), IsOk());
  EXPECT_TRUE(rows.bytes == BytesOf<int16_t>({3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(rows.bytes.piece(0).data(), tensor.bytes.piece(0).data() + 6);
}

TEST(HostTensorTest, SlicesOfAnyCutMakeUpTheTensor) {
  const HostTensor tensor{DType::kUint8, {5, 2}, Bytes::FromString("aabbccddee")};
  for (int64_t cut = 0; cut <= 5; ++cut) {
    const HostTensor head = SliceRows(tensor, 0, cut), tail = SliceRows(tensor, cut, 5);
    EXPECT_THAT(head.Validate(), IsOk());
    EXPECT_THAT(tail.Validate(), IsOk());
    Bytes joined = head.bytes;
    joined.Append(tail.bytes);
    EXPECT_TRUE(joined == tensor.bytes);
  }
}

TEST(HostTensorTest, TensorsWithoutElementsCanBeSliced) {
  EXPECT_THAT(SliceRows({DType::kFloat32, {0, kHuge, kHuge}, {}}, 0, 0).Validate(), IsOk());
  const HostTensor narrow = SliceRows({DType::kFloat32, {4, 0}, {}}, 1, 3);
  EXPECT_EQ(narrow.shape, (Shape{2, 0}));
  EXPECT_THAT(narrow.Validate(), IsOk());
}

TEST(AllFiniteTest, NaNAndInfinityAreFoundInEveryFloatingPointType) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const struct {
    DType dtype;
    Bytes finite;
    std::vector<Bytes> others;
  } cases[] = {
      // Largest and smallest finite numbers; then infinities and NaNs.
      {DType::kFloat16,
       BytesOf<uint16_t>({0x0000, 0x8000, 0x7BFF, 0xFBFF, 0x0001}),
       {BytesOf<uint16_t>({0x7C00}), BytesOf<uint16_t>({0xFC00}), BytesOf<uint16_t>({0x7C01})}},
      {DType::kBFloat16,
       BytesOf<uint16_t>({0x0000, 0x8000, 0x7F7F, 0xFF7F, 0x0001, 0x7C00}),
       {BytesOf<uint16_t>({0x7F80}), BytesOf<uint16_t>({0xFF80}), BytesOf<uint16_t>({0x7FC0})}},
      {DType::kFloat32,
       BytesOf<float>({0.f, -0.f, std::numeric_limits<float>::max(),
                       std::numeric_limits<float>::lowest(),
                       std::numeric_limits<float>::denorm_min()}),
       {BytesOf<float>({kInf}), BytesOf<float>({-kInf}), BytesOf<float>({nan})}},
      {DType::kFloat64,
       BytesOf<double>(
           {0., std::numeric_limits<double>::max(), std::numeric_limits<double>::lowest()}),
       {BytesOf<double>({kInf}), BytesOf<double>({-kInf}), BytesOf<double>({nan})}},
  };
  for (const auto& c : cases) {
    const auto tensor = [&](Bytes bytes) {
      const auto elements = static_cast<int64_t>(bytes.size() / ByteWidth(c.dtype));
      return HostTensor{c.dtype, {elements}, std::move(bytes)};
    };
    EXPECT_TRUE(AllFinite(tensor({})));
    EXPECT_TRUE(AllFinite(tensor(c.finite))) << Name(c.dtype);
    EXPECT_TRUE(AllFinite(tensor(Crumble(c.finite)))) << Name(c.dtype);
    for (const Bytes& other : c.others) {
      Bytes last = c.finite;
      last.Append(other);
      Bytes first = other;
      first.Append(c.finite);
      for (const Bytes& bytes : {last, first, Crumble(last), last.Contiguous()}) {
        EXPECT_FALSE(AllFinite(tensor(bytes))) << Name(c.dtype);
      }
    }
  }
}

TEST(AllFiniteTest, IntegersAlwaysAre) {
  EXPECT_TRUE(AllFinite({DType::kInt32, {1}, BytesOf<uint32_t>({0x7F800000})}));
  EXPECT_TRUE(AllFinite({DType::kInt64, {1}, BytesOf<uint64_t>({0x7FF0000000000000})}));
}

}  // namespace
}  // namespace distill
