// Opens a data set from arrays in a safetensors file: images of any number of channels, tokens,
// features.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "student_trainer/data/dataset.h"

namespace distill {

// The tensor "inputs" [n, …] may have any dtype: uint8 [n, channels, height, width] are images,
// whose input is called "image"; otherwise the input is called "input". Several inputs are tensors
// "inputs.NAME". The samples of an input NAME have lengths of their own if there is a tensor
// NAME.lengths, int64 or int32 [n]; NAME is then [sum of the lengths, …], the samples one after the
// other. The optional tensor "labels" [n], or "targets", "label" or "y", is int64, int32 or uint8;
// -1 is unlabelled. Labels by position are [n, positions], or [sum of the lengths]; -100 is a
// position to ignore. The file
// is mapped and not read: it may be larger than memory, and must not be truncated in place while
// the data set exists. Reading a sample that holds a NaN or an infinity is DATA_LOSS, which names
// its place. Errors name the file: those of ReadSafetensors; INVALID_ARGUMENT for a tensor that is
// missing (with the existing ones) or of another dtype or shape, no samples or empty ones, and a
// label out of range (with its index).
absl::StatusOr<std::unique_ptr<Dataset>> OpenArrayDataset(
    const std::filesystem::path& path, const std::vector<std::string>& class_names);

}  // namespace distill
