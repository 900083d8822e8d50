// Reads IDX files, the format of MNIST: a big-endian magic number, the dimensions, then the
// elements. http://yann.lecun.com/exdb/mnist/
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/base/random_access_file.h"
#include "common/tensor/bytes.h"
#include "common/tensor/host_tensor.h"

namespace distill {

enum class IdxKind {
  kImages,  // magic 0x00000803: [n, height, width]; 0x00000804: [n, channels, height, width]
  kLabels,  // magic 0x00000801: [n]
};

// Returns whether these are the first bytes of an IDX file, of elements of any type.
bool IsIdx(absl::string_view prefix);

// An open file. The elements of a gzipped file, recognised by its first bytes, and of a small file
// are held in memory; the others stay on disk. Const methods may be called from several threads at
// once.
class IdxFile {
 public:
  // Errors name the file: those of files.h; DATA_LOSS for another magic number (with what was
  // expected), dimensions that do not fit the length, a broken gzip stream. The dimensions are
  // compared with the length before anything of their size is allocated.
  static absl::StatusOr<IdxFile> Open(const std::filesystem::path& path, IdxKind kind);

  // uint8: images [n, channels, height, width] (one channel where the file has no such dimension),
  // labels [n].
  const Shape& shape() const { return shape_; }

  // Fills `destination` with elements from index `first` on. Errors of RandomAccessFile::ReadAt.
  absl::Status Read(size_t first, absl::Span<uint8_t> destination) const;

 private:
  IdxFile(Shape shape, RandomAccessFile file, size_t header_bytes, std::optional<Bytes> held);

  Shape shape_;
  RandomAccessFile file_;
  size_t header_bytes_;
  std::optional<Bytes> held_;  // the elements, in one piece; nullopt: they are on disk
};

// Reads a small file as a whole, the bytes in one piece. Errors are those of IdxFile::Open and
// Read.
absl::StatusOr<HostTensor> ReadIdx(const std::filesystem::path& path, IdxKind kind);

}  // namespace distill
