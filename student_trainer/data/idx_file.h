// Reads IDX files, the format of MNIST: a big-endian magic number, the dimensions, then the
// elements. http://yann.lecun.com/exdb/mnist/
#pragma once

#include <filesystem>

#include "absl/status/statusor.h"
#include "common/tensor/host_tensor.h"

namespace distill {

enum class IdxKind {
  kImages,  // magic 0x00000803: [n, height, width]; 0x00000804: [n, channels, height, width]
  kLabels,  // magic 0x00000801: [n]
};

// Images come as uint8 [n, channels, height, width] (one channel where the file has no such
// dimension), labels as uint8 [n]; the bytes in one piece. A gzipped file is known by its first
// bytes. Errors name the file: those of ReadFile; DATA_LOSS for another magic number (with what was
// expected), dimensions that do not fit the length, a broken gzip stream. The dimensions are
// compared with the length before anything of their size is allocated.
absl::StatusOr<HostTensor> ReadIdx(const std::filesystem::path& path, IdxKind kind);

}  // namespace distill
