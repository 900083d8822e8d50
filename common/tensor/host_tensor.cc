#include "common/tensor/host_tensor.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/known_names.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

struct DTypeInfo {
  DType dtype;
  absl::string_view name;
  size_t width;
  bool floating_point;
};

// In the enum's order.
constexpr DTypeInfo kDTypes[] = {
    {DType::kBool, "bool", 1, false},      {DType::kUint8, "uint8", 1, false},
    {DType::kInt8, "int8", 1, false},      {DType::kInt16, "int16", 2, false},
    {DType::kInt32, "int32", 4, false},    {DType::kInt64, "int64", 8, false},
    {DType::kFloat16, "float16", 2, true}, {DType::kBFloat16, "bfloat16", 2, true},
    {DType::kFloat32, "float32", 4, true}, {DType::kFloat64, "float64", 8, true},
};

constexpr bool InOrderOfTheEnum() {
  size_t i = 0;
  for (const DTypeInfo& info : kDTypes) {
    if (static_cast<size_t>(info.dtype) != i++) return false;
  }
  return true;
}
static_assert(InOrderOfTheEnum());

const DTypeInfo& Info(DType dtype) { return kDTypes[static_cast<size_t>(dtype)]; }

template <typename Word>
constexpr Word kSignOf = static_cast<Word>(Word{1} << (8 * sizeof(Word) - 1));

// Returns whether none of the `count` elements at `data` is bad: `mark` sets the sign bit of those
// that are. The inner loop runs over blocks of constant size, which the compiler vectorises.
template <typename Word, typename Mark>
bool NoneIsBad(const Mark& mark, const uint8_t* data, size_t count) {
  constexpr size_t kBlock = 1024 / sizeof(Word);
  const auto marked = [&](size_t i) {
    Word word;
    std::memcpy(&word, data + i * sizeof(Word), sizeof(Word));
    return static_cast<Word>(mark(word));
  };
  for (; count >= kBlock; count -= kBlock, data += kBlock * sizeof(Word)) {
    Word found = 0;
    for (size_t i = 0; i < kBlock; ++i) found = static_cast<Word>(found | marked(i));
    if ((found & kSignOf<Word>) != 0) return false;
  }
  for (size_t i = 0; i < count; ++i) {
    if ((marked(i) & kSignOf<Word>) != 0) return false;
  }
  return true;
}

// Does the same for all elements of `bytes`; an element may cross the boundary of two pieces.
template <typename Word, typename Mark>
bool NoneIsBad(const Mark& mark, const Bytes& bytes) {
  uint8_t split[sizeof(Word)];
  size_t held = 0;
  for (size_t i = 0; i < bytes.num_pieces(); ++i) {
    Bytes::Piece rest = bytes.piece(i);
    if (held > 0) {
      const size_t taken = std::min(sizeof(Word) - held, rest.size());
      std::memcpy(split + held, rest.data(), taken);
      rest.remove_prefix(taken);
      held += taken;
      if (held < sizeof(Word)) continue;
      if (!NoneIsBad<Word>(mark, split, 1)) return false;
    }
    const size_t whole = rest.size() / sizeof(Word);
    if (!NoneIsBad<Word>(mark, rest.data(), whole)) return false;
    held = rest.size() - whole * sizeof(Word);
    std::memcpy(split, rest.data() + whole * sizeof(Word), held);
  }
  return true;
}

// Returns whether all magnitudes are below `limit`, given as bits: without the sign bit, floating
// point numbers are ordered like their bits, and infinity and NaN come last.
template <typename Word>
bool AllBelow(const Bytes& bytes, Word limit) {
  // Moves the limit to the sign bit; a magnitude is below it, so the sum does not overflow.
  const auto beyond = static_cast<Word>(kSignOf<Word> - limit);
  return NoneIsBad<Word>(
      [beyond](Word word) { return (word & static_cast<Word>(~kSignOf<Word>)) + beyond; }, bytes);
}

// Of integers, and of floating point numbers: +0 counts as none.
template <typename Word>
bool NonePositive(const Bytes& bytes) {
  // The sign bit of -word, and not of word: set for 1 to the greatest.
  return NoneIsBad<Word>([](Word word) { return static_cast<Word>(-word) & ~word; }, bytes);
}

}  // namespace

size_t ByteWidth(DType dtype) { return Info(dtype).width; }

bool IsFloatingPoint(DType dtype) { return Info(dtype).floating_point; }

absl::string_view Name(DType dtype) { return Info(dtype).name; }

absl::StatusOr<DType> ParseDType(absl::string_view name) {
  for (const DTypeInfo& info : kDTypes) {
    if (info.name == name) return info.dtype;
  }
  std::vector<std::string> names;
  for (const DTypeInfo& info : kDTypes) names.emplace_back(info.name);
  return InvalidValue("the dtype", absl::StrCat("'", name, "'"), DescribeKnownNames(name, names));
}

std::string ToString(absl::Span<const int64_t> shape) {
  return absl::StrCat("[", absl::StrJoin(shape, ", "), "]");
}

absl::StatusOr<int64_t> NumElements(absl::Span<const int64_t> shape) {
  bool empty = false;
  for (const int64_t dimension : shape) {
    if (dimension < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("shape ", ToString(shape), ": it has a negative dimension"));
    }
    empty |= dimension == 0;
  }
  if (empty) return 0;
  int64_t elements = 1;
  for (const int64_t dimension : shape) {
    if (__builtin_mul_overflow(elements, dimension, &elements)) {
      return absl::InvalidArgumentError(
          absl::StrCat("shape ", ToString(shape), ": it has more than 2^63 - 1 elements"));
    }
  }
  return elements;
}

absl::StatusOr<size_t> ByteSize(DType dtype, absl::Span<const int64_t> shape) {
  ASSIGN_OR_RETURN(const int64_t elements, NumElements(shape));
  int64_t bytes = 0;
  if (__builtin_mul_overflow(elements, static_cast<int64_t>(ByteWidth(dtype)), &bytes)) {
    return absl::InvalidArgumentError(
        absl::StrCat(Name(dtype), ToString(shape), ": it has more than 2^63 - 1 bytes"));
  }
  return static_cast<size_t>(bytes);
}

absl::Status HostTensor::Validate() const {
  ASSIGN_OR_RETURN(const size_t expected, ByteSize(dtype, shape));
  if (bytes.size() != expected) {
    return InvalidValue(absl::StrCat("the number of bytes of ", Name(dtype), ToString(shape)),
                        bytes.size(), expected);
  }
  return absl::OkStatus();
}

HostTensor SliceRows(const HostTensor& tensor, int64_t begin, int64_t end) {
  assert(!tensor.shape.empty() && 0 <= begin && begin <= end && end <= tensor.shape[0]);
  HostTensor rows{tensor.dtype, tensor.shape, {}};
  rows.shape[0] = end - begin;
  if (begin == end) return rows;
  const size_t bytes_per_row = tensor.bytes.size() / static_cast<size_t>(tensor.shape[0]);
  rows.bytes = tensor.bytes.Slice(static_cast<size_t>(begin) * bytes_per_row,
                                  static_cast<size_t>(end - begin) * bytes_per_row);
  return rows;
}

bool AllFinite(const HostTensor& tensor) {
  switch (tensor.dtype) {
    case DType::kFloat16:
      return AllBelow<uint16_t>(tensor.bytes, 0x7C00);
    case DType::kBFloat16:
      return AllBelow<uint16_t>(tensor.bytes, 0x7F80);
    case DType::kFloat32:
      return AllBelow<uint32_t>(tensor.bytes, 0x7F800000);
    case DType::kFloat64:
      return AllBelow<uint64_t>(tensor.bytes, 0x7FF0000000000000);
    default:
      return true;
  }
}

bool AllBelow(const HostTensor& tensor, float limit) {
  const auto bits = std::bit_cast<uint32_t>(limit);
  switch (tensor.dtype) {
    case DType::kBFloat16:
      return AllBelow<uint16_t>(tensor.bytes, static_cast<uint16_t>(bits >> 16));
    case DType::kFloat32:
      return AllBelow<uint32_t>(tensor.bytes, bits);
    default:
      return AllFinite(tensor);
  }
}

bool NonePositive(const HostTensor& tensor) {
  assert(ByteWidth(tensor.dtype) == 2 && IsFloatingPoint(tensor.dtype));
  return NonePositive<uint16_t>(tensor.bytes);
}

}  // namespace distill
