// The fingerprint identifies the function that a model directory computes, as 64 hexadecimal
// digits.
#pragma once

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"
#include "common/model_directory/model_directory.h"

namespace distill {

// The fingerprint is the SHA-256 of the SHA-256 of the weights file and of architecture, arguments,
// inputs, normalisation, pad_id, class names and output in a canonical form. The location of the
// files and the way the model was trained are not part of it.
std::string Fingerprint(const ModelDescription& description, const std::string& weights_sha256);

// Returns the fingerprint of a directory, reading the weights once, piece by piece. Errors are
// those of ReadFileInPieces.
absl::StatusOr<std::string> FingerprintOfDirectory(const std::filesystem::path& directory,
                                                   const ModelDescription& description);

}  // namespace distill
