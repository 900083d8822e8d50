// Hexadecimal digits as bytes. (Abseil's own function changed its form between the versions of
// Debian.)
#pragma once

#include <charconv>
#include <string>

#include "absl/strings/string_view.h"

namespace distill::testing {

// "6162" is "ab".
inline std::string BytesOfHex(absl::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned char byte = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    bytes.push_back(static_cast<char>(byte));
  }
  return bytes;
}

}  // namespace distill::testing
