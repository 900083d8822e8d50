// Reads gzip streams held in memory (RFC 1952), and allocates no more memory than the caller
// expects to need. The functions are pure and thread-safe.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/tensor/bytes.h"

namespace distill {

// Returns whether these are the first bytes of a gzip stream.
bool IsGzip(absl::string_view contents);

// Returns the beginning of the content: `limit` bytes, or fewer if it ends before. Returns
// DATA_LOSS if the stream is truncated or broken within them.
absl::StatusOr<std::string> GunzipPrefix(absl::string_view compressed, size_t limit);

// Returns the whole content, which must be exactly `size` bytes, in one piece. It does not allocate
// memory if so few compressed bytes cannot hold `size` bytes. Returns DATA_LOSS if the stream is
// truncated, broken, shorter or longer than that, has a wrong checksum, or is followed by anything
// but another stream; RESOURCE_EXHAUSTED if memory is exhausted.
absl::StatusOr<Bytes> Gunzip(absl::string_view compressed, size_t size);

}  // namespace distill
