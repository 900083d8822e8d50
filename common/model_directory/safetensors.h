// Reads and writes safetensors files: an 8-byte little-endian length, a JSON header, raw bytes.
// Format: https://github.com/huggingface/safetensors#format
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/tensor/host_tensor.h"

namespace distill {

using TensorMap = std::map<std::string, HostTensor>;

struct SafetensorsFile {
  TensorMap tensors;
  std::map<std::string, std::string> metadata;  // the header's "__metadata__"
};

// The tensors share one mapping of the file, which must not be truncated in place while they exist
// (replacing it by a rename is safe). Returns NOT_FOUND if the file does not exist and
// FAILED_PRECONDITION if the path is not a regular file. DATA_LOSS names the file and the tensor if
// the file is truncated, its header is not JSON, has a key twice or a dtype that HostTensor lacks,
// or if tensors overlap, leave gaps, extend past the end, or have bytes that do not fit dtype and
// shape. In files written by other programs tensors may be unaligned.
absl::StatusOr<SafetensorsFile> ReadSafetensors(const std::filesystem::path& path);

// Writes atomically. Tensors are ordered by element width (widest first) and name, and the header
// is padded to 8 bytes, so every tensor is aligned. The same map gives the same bytes.
// INVALID_ARGUMENT names a tensor that is not valid, or a name that the format cannot hold; other
// errors are those of WriteFileAtomically.
absl::Status WriteSafetensors(const std::filesystem::path& path, const TensorMap& tensors,
                              const std::map<std::string, std::string>& metadata = {});

}  // namespace distill
