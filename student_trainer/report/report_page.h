// The report: one HTML page about one or several runs, made from their directories.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace distill {

// What the page shows, from each run's report.json, metrics.jsonl and samples.safetensors. A run
// that has not finished is marked as such. NOT_FOUND or FAILED_PRECONDITION names a folder that is
// not a run directory, FAILED_PRECONDITION names runs that were evaluated on different data, and
// DATA_LOSS names a file that is not what a run writes.
absl::StatusOr<nlohmann::json> ReportData(absl::Span<const std::filesystem::path> runs);

// The page with that data in it: one file that loads nothing from the network. Names in the data
// are always shown as text, never interpreted as HTML.
std::string ReportPage(const nlohmann::json& data);

// Both, into a file. Errors of ReportData and WriteFileAtomically.
absl::Status WriteReport(absl::Span<const std::filesystem::path> runs,
                         const std::filesystem::path& page);

}  // namespace distill
