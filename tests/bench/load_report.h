// Prints the result of a load for people (a table) and for programs (JSON).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tests/bench/load_run.h"

namespace distill {

std::string ToTable(const LoadOptions& options, const LoadResult& result);
nlohmann::ordered_json ToJson(const LoadOptions& options, const LoadResult& result);

}  // namespace distill
