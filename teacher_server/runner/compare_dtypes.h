// What serving a model in another type would gain, from a short timing at start.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "common/inference/loaded_model.h"

namespace distill {

// Loads the directory in each other type, and times one batch in turns with `served`. The batch is
// what `served` computes in about 20 ms, at most `max_samples`. One line for the log: "f32 computes
// 8.1e+03 samples/s here; bf16 would be 0.21 times as fast, f16 0.18 times". A type that the model
// cannot run in is named as such. Takes seconds at most where the weights load fast.
std::string CompareDtypes(const std::filesystem::path& directory, const LoadedModel& served,
                          int64_t max_samples);

}  // namespace distill
