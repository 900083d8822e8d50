// Formats JSON as text.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace distill {

// Does not throw: bytes that are not UTF-8, which a path may hold, are replaced by U+FFFD, and
// numbers that are not finite become null. Writes one line, or indents by `indent` spaces.
template <typename Json>
std::string JsonText(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

}  // namespace distill
