// Reads gzip streams held in memory (RFC 1952), into no more memory than the caller expects to
// need. Functions of their arguments; thread-safe.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/tensor/bytes.h"

namespace distill {

// Whether these are the first bytes of a gzip stream.
bool IsGzip(absl::string_view contents);

// What the stream begins with: `limit` bytes, or fewer where it ends before. DATA_LOSS where it is
// truncated or broken within them.
absl::StatusOr<std::string> GunzipPrefix(absl::string_view compressed, size_t limit);

// The whole of a stream that must hold exactly `size` bytes, in one piece. Nothing is allocated for
// a `size` that so few compressed bytes cannot hold. DATA_LOSS where the stream is truncated,
// broken, shorter or longer than that, has a wrong checksum, or is followed by anything but another
// stream; RESOURCE_EXHAUSTED without memory.
absl::StatusOr<Bytes> Gunzip(absl::string_view compressed, size_t size);

}  // namespace distill
