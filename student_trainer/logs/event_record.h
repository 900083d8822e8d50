// Records of TensorBoard's event files: protobuf messages of tensorflow.Event (tensorboard/compat/
// proto/event.proto, summary.proto), framed as TFRecord (tensorflow.org/tutorials/load_data/
// tfrecord): length, its masked CRC-32C, the message, its masked CRC-32C; little-endian.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace distill {

// What an event file begins with: its version.
std::string FirstEvent(absl::Time now);

// That a run was resumed: readers drop what earlier files have of `first_step` and later.
std::string RestartEvent(int64_t first_step, absl::Time now);

// Values by their tags, as float32.
std::string ScalarsEvent(const std::map<std::string, double>& scalars, int64_t step,
                         absl::Time now);

// CRC-32C (Castagnoli; RFC 3720, appendix B.4).
uint32_t Crc32c(absl::string_view data);

}  // namespace distill
