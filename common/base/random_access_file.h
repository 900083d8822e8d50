// RandomAccessFile: reads parts of a file that is too large to hold in memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/base/file_descriptor.h"

namespace distill {

// Open while it lives. const calls from many threads.
class RandomAccessFile {
 public:
  // Errors as in files.h.
  static absl::StatusOr<RandomAccessFile> Open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }

  // Bytes, when it was opened.
  uint64_t size() const { return size_; }

  // Fills `destination` with the bytes from `offset` on. The error names the file: OUT_OF_RANGE
  // beyond size(), FAILED_PRECONDITION where the file has become shorter, INTERNAL where the system
  // cannot read it.
  absl::Status ReadAt(uint64_t offset, absl::Span<uint8_t> destination) const;

 private:
  RandomAccessFile(std::filesystem::path path, OpenedFile opened)
      : path_(std::move(path)), descriptor_(std::move(opened.descriptor)), size_(opened.size) {}

  std::filesystem::path path_;
  FileDescriptor descriptor_;
  uint64_t size_;
};

}  // namespace distill
