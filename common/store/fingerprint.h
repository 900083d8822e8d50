// The fingerprint: which function a model directory computes, as 64 hexadecimal digits.
#pragma once

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"
#include "common/store/model_directory.h"

namespace distill {

// SHA-256 over the SHA-256 of the weights' file, and architecture, arguments, inputs,
// normalisation, pad_id and class names in a canonical form. Where the files lie and how the model
// was trained is no part of it.
std::string Fingerprint(const ModelDescription& description, const std::string& weights_sha256);

// The same for a directory, reading the weights once and in pieces. Errors of ReadFileInPieces.
absl::StatusOr<std::string> FingerprintOfDirectory(const std::filesystem::path& directory,
                                                   const ModelDescription& description);

}  // namespace distill
