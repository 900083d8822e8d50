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

// The tensors share one mapping of the file, which must not be truncated in place while they live
// (replacing it by a rename is safe). NOT_FOUND without the file; FAILED_PRECONDITION for what is
// no file; DATA_LOSS names the file and the tensor for one that is truncated, whose header is no
// JSON, has a key twice or a dtype that HostTensor lacks, or whose tensors overlap, leave holes,
// reach past the end, or have bytes that do not fit dtype and shape. Bytes of files that others
// wrote may be unaligned.
absl::StatusOr<SafetensorsFile> ReadSafetensors(const std::filesystem::path& path);

// Writes atomically, tensors in order of element width (widest first) and name, header padded to 8
// bytes: so every tensor is aligned. The same map gives the same bytes. INVALID_ARGUMENT names a
// tensor that is not valid, or a name that the format cannot hold; else the errors of
// WriteFileAtomically.
absl::Status WriteSafetensors(const std::filesystem::path& path, const TensorMap& tensors,
                              const std::map<std::string, std::string>& metadata = {});

}  // namespace distill
