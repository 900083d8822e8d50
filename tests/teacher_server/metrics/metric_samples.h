// What a scrape of a server's metrics holds.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "teacher_server/metrics/metrics.h"

namespace distill::testing {

// The samples of an exposition: name and labels, as they are written, to value.
inline std::map<std::string, double> Samples(const Metrics& metrics) {
  std::map<std::string, double> samples;
  for (const absl::string_view line : absl::StrSplit(metrics.Text(), '\n', absl::SkipEmpty())) {
    if (absl::StartsWith(line, "#")) continue;
    const size_t space = line.rfind(' ');
    EXPECT_TRUE(
        absl::SimpleAtod(line.substr(space + 1), &samples[std::string(line.substr(0, space))]))
        << line;
  }
  return samples;
}

}  // namespace distill::testing
