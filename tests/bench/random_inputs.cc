#include "tests/bench/random_inputs.h"

#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/random.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

constexpr uint64_t kTokens = 100;  // every vocabulary is larger

template <typename T>
void Put(T value, char* element) {
  std::memcpy(element, &value, sizeof(value));
}

void PutRandom(DType dtype, SplitMix64& random, char* element) {
  switch (dtype) {
    case DType::kUint8:
      return Put(static_cast<uint8_t>(random.Below(256)), element);
    case DType::kBool:
      return Put(static_cast<uint8_t>(random.Below(2)), element);
    case DType::kInt8:
      return Put(static_cast<int8_t>(random.Below(kTokens)), element);
    case DType::kInt16:
      return Put(static_cast<int16_t>(random.Below(kTokens)), element);
    case DType::kInt32:
      return Put(static_cast<int32_t>(random.Below(kTokens)), element);
    case DType::kInt64:
      return Put(static_cast<int64_t>(random.Below(kTokens)), element);
    // Has the exponent of [0.5, 1), and any mantissa.
    case DType::kFloat16:
      return Put(static_cast<uint16_t>(0x3800 | random.Below(1 << 10)), element);
    case DType::kBFloat16:
      return Put(static_cast<uint16_t>(0x3f00 | random.Below(1 << 7)), element);
    case DType::kFloat32:
      return Put(static_cast<float>(random.NextDouble()), element);
    case DType::kFloat64:
      return Put(random.NextDouble(), element);
  }
}

}  // namespace

absl::StatusOr<std::vector<InputBatch>> RandomInputs(absl::Span<const InputSpec> specs,
                                                     const RandomInputsOptions& options) {
  std::vector<InputBatch> inputs;
  for (size_t i = 0; i < specs.size(); ++i) {
    HostTensor input{.dtype = specs[i].dtype, .shape = {options.samples}, .bytes = {}};
    for (const int64_t dimension : specs[i].shape) {
      if (dimension < 0 && options.length <= 0) {
        return absl::InvalidArgumentError(absl::StrCat(
            "length: input ", ToString(specs[i]), " has a variable length; say which to send"));
      }
      input.shape.push_back(dimension < 0 ? options.length : dimension);
    }
    ASSIGN_OR_RETURN(const size_t size, ByteSize(input.dtype, input.shape));
    std::string bytes(size, '\0');
    SplitMix64 random(MixSeed({options.seed, i}));
    for (size_t at = 0; at < size; at += ByteWidth(input.dtype)) {
      PutRandom(input.dtype, random, &bytes[at]);
    }
    input.bytes = Bytes::FromString(std::move(bytes));
    inputs.emplace_back(std::move(input));
  }
  return inputs;
}

}  // namespace distill
