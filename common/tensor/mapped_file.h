// Memory-maps files, so that the tensors of a large model are read without copying them.
#pragma once

#include <filesystem>

#include "absl/status/statusor.h"
#include "common/tensor/bytes.h"

namespace distill {

// Returns the whole file in one piece (no piece if it is empty), mapped privately and read-only,
// and unmapped when the last Bytes that shares it is destroyed. Meanwhile the file may be replaced
// by a rename, but not truncated in place (SIGBUS). Errors are those of common/base/files.h.
absl::StatusOr<Bytes> MapFile(const std::filesystem::path& path);

// Gives back the memory that these bytes of a MapFile take; it is taken again when they are read.
// Of other bytes the contents would be lost.
void ReleasePages(const Bytes& mapped);

}  // namespace distill
