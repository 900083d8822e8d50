// The JSON header of a safetensors file lists the tensors it holds and their positions.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/tensor/host_tensor.h"

namespace distill {

// The limit of the reference implementation.
inline constexpr size_t kMaxSafetensorsHeaderBytes = 100'000'000;

// Bytes [begin, end) of the data that follows the header.
struct SafetensorsEntry {
  DType dtype = DType::kUint8;
  Shape shape;
  size_t begin = 0;
  size_t end = 0;
};

struct SafetensorsHeader {
  std::map<std::string, SafetensorsEntry> entries;
  std::map<std::string, std::string> metadata;  // "__metadata__"
};

// Checks everything that a reader relies on: the entries cover the `data_bytes` bytes without gap
// or overlap, and the bytes of each match its dtype and shape. DATA_LOSS names the tensor. Never
// throws.
absl::StatusOr<SafetensorsHeader> ParseSafetensorsHeader(absl::string_view json, size_t data_bytes);

// Returns INVALID_ARGUMENT for a name that is not UTF-8 or that the format reserves. Does not check
// anything else.
absl::StatusOr<std::string> FormatSafetensorsHeader(const SafetensorsHeader& header);

}  // namespace distill
