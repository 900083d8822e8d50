// JSON as text.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace distill {

// Does not throw: what is no UTF-8, as a path may be, has U+FFFD in its place, and numbers that are
// not finite are null. On one line, or indented by so many spaces.
template <typename Json>
std::string JsonText(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

}  // namespace distill
