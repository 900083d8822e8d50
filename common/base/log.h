// Log lines on stderr: time, level, message. (Torch defines macros LOG and CHECK, hence functions.)
// Thread-safe. Format with Line, absl::StrCat or absl::StrFormat; whatever a peer chose, such as
// its name, is logged as a field of Line.
#pragma once

#include <initializer_list>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/flag_names.h"

namespace distill::log {

void Info(absl::string_view message);
void Warning(absl::string_view message);
void Error(absl::string_view message);

// From now on options are written as flags of the command line: WithFlags, in every message. Called
// once, before there are other threads.
void UseFlagNames(FlagNames flags);

// What is written only once details are shown: the whole text of an error whose message has a line.
void Detail(absl::string_view message);
void ShowDetails();

// One key=value of a line. The value is what absl::StrCat makes of it.
struct Field {
  template <typename T>
  Field(absl::string_view key, const T& value) : key(key), value(absl::StrCat(value)) {}

  absl::string_view key;
  std::string value;
};

// Line("stream ended", {{"stream", 12}, {"client", "x y"}, {"seconds", 1.25}}) is
//   stream ended stream=12 client="x y" seconds=1.25
// The message and the keys are the program's own words. A value may be anything and forges neither
// a line nor a field: where it is empty, or holds a space, '=', a quote, a backslash or what is not
// printable ASCII, it is quoted, and escaped as in C.
std::string Line(absl::string_view message, std::initializer_list<Field> fields);

}  // namespace distill::log
