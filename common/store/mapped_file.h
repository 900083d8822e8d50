// Memory-maps files, so that the tensors of a large model are read without a copy of them.
#pragma once

#include <filesystem>

#include "absl/status/statusor.h"
#include "common/tensor/bytes.h"

namespace distill {

// The whole file in one piece (none if it is empty), mapped privately and read-only; unmapped when
// the last Bytes that shares it is gone. Replacing the file by a rename is safe meanwhile;
// truncating it in place is not (SIGBUS). Errors as in common/base/files.h.
absl::StatusOr<Bytes> MapFile(const std::filesystem::path& path);

}  // namespace distill
