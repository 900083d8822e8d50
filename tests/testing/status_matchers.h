// GoogleMock matchers for absl::Status and absl::StatusOr:
//   EXPECT_THAT(DoIt(), IsOk());
//   EXPECT_THAT(DoIt(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("config.json")));
//   EXPECT_THAT(Validate(), ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("`k` is 0")));
// ErrorIs also checks the form of the message, FollowsGrammar() the form alone.
#pragma once

#include <gmock/gmock.h>

#include <regex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace distill::testing {

inline const absl::Status& GetStatus(const absl::Status& status) { return status; }

template <typename T>
const absl::Status& GetStatus(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

MATCHER(IsOk, negation ? "is an error" : "is OK") {
  *result_listener << "which is " << GetStatus(arg).ToString();
  return GetStatus(arg).ok();
}

MATCHER_P2(StatusIs, code, message_matcher,
           "has the code " + absl::StatusCodeToString(code) + " and a message that " +
               ::testing::DescribeMatcher<std::string>(message_matcher, negation)) {
  const absl::Status& status = GetStatus(arg);
  *result_listener << "which is " << status.ToString();
  return status.code() == code &&
         ::testing::Matches(message_matcher)(std::string(status.message()));
}

inline auto StatusIs(absl::StatusCode code) { return StatusIs(code, ::testing::_); }

// The two forms of common/base/status.h, "WHAT is VALUE; must be RANGE" and "WHAT: REASON; FIX", as
// std::regex and Python's re both read them: tests/integration/error_grammar.py takes the
// expression from here. A message is one line without a stop at its end, has "must be" before a
// RANGE only, and says ranges in no other words.
inline constexpr char kErrorGrammar[] =
    R"re((?!.*[.;:,!]$)(?!.*(, expected |allowed (is|are) |must be .*must be ))([^;\n]+ is .+; must be [^;\n]+|(?!.*must be )[^;\n]*[^;:\s]: [^;\n]+(; [^;\n]+)*))re";

// A library's message names options by their fields: never "--lr".
MATCHER(FollowsGrammar,
        negation ? "breaks the grammar of errors" : "follows the grammar of errors") {
  const std::string message(arg);
  return std::regex_match(message, std::regex(kErrorGrammar)) &&
         !std::regex_search(message, std::regex("(^|[^a-z0-9-])--[a-z]"));
}

template <typename Matcher>
auto ErrorIs(absl::StatusCode code, Matcher message_matcher) {
  return StatusIs(code, ::testing::AllOf(message_matcher, FollowsGrammar()));
}

inline auto ErrorIs(absl::StatusCode code) { return ErrorIs(code, ::testing::_); }

}  // namespace distill::testing
