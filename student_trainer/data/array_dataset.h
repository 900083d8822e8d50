// A data set from arrays in a safetensors file: images of any number of channels, tokens, features.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "student_trainer/data/dataset.h"

namespace distill {

// The tensor "inputs" [n, …] of any dtype: uint8 [n, channels, height, width] are images, and the
// input is called "image", else "input". "labels" [n], int64, int32 or uint8, if there: -1 is
// unlabelled. The file is mapped, not read: it may be larger than memory, and must not be truncated
// in place while the data set lives. Errors name the file: those of ReadSafetensors;
// INVALID_ARGUMENT for a tensor that is missing (with those that are there) or of another dtype or
// shape, no samples or empty ones, a label out of range (with its index).
absl::StatusOr<std::unique_ptr<Dataset>> OpenArrayDataset(
    const std::filesystem::path& path, const std::vector<std::string>& class_names);

}  // namespace distill
