// `student_trainer report`: makes a page about runs from their directories.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace distill {

struct ReportOptions {
  std::vector<std::string> runs;  // run directories; others are compared with the first
  std::string out;                // empty: of one run its own report.html, of several ./report.html

  // INVALID_ARGUMENT names the option and what is allowed.
  absl::Status Validate() const;
};

// Prints where the page is. The models of several runs are measured again, in turns: figures that
// each run took at its own end, beside other work, would not compare. Errors of ReportData and
// WriteFileAtomically.
absl::Status RunReport(const ReportOptions& options, std::ostream& out);

}  // namespace distill
