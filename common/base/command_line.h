// What the programs' command lines share: options of the project's own types, how messages name
// options, and the exit codes: 2 where the command line is wrong, 1 where a file that it names
// cannot be read.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/flag_names.h"
#include "common/base/log.h"

namespace distill {

inline constexpr int kCommandLineWrong = 2;
inline constexpr int kFileMissing = 1;

// Adds an option whose value `parse` (text → StatusOr<T>) turns into `target`. Ranges are left to
// the Validate() of the options.
template <typename T, typename Parse>
CLI::Option* AddParsed(CLI::App& app, const std::string& name, T& target, Parse parse,
                       const std::string& default_text, const std::string& help) {
  const auto set = [name, &target, parse](const std::string& text) {
    const absl::StatusOr<T> value = parse(text);
    if (!value.ok()) throw CLI::ValidationError(name, std::string(value.status().message()));
    target = *value;
  };
  return app.add_option_function<std::string>(name, set, help)->default_str(default_text);
}

// Adds --verbose, which config files do not hold.
inline void AddVerbose(CLI::App& app) {
  app.add_flag_callback("--verbose", log::ShowDetails,
                        "Also log the whole text of errors that messages shorten to a line")
      ->configurable(false);
}

// The types of whole numbers, as CLI11 names them.
inline constexpr char kSignedType[] = "INT";
inline constexpr char kUnsignedType[] = "UINT";

// For options of unsigned integers: CLI11 takes -1 for the greatest.
inline std::string CheckNotNegative(const std::string& text) {
  if (text.empty() || text.front() != '-') return "";
  return absl::StrCat("it is ", text, "; give a whole number of 0 or more");
}

// Makes an option of whole numbers read them as decimal, and refuse those that Integer does not
// hold. CLI11 takes 010 for octal and 0x10 for hexadecimal, and the greatest number for those above
// it.
template <typename Integer>
void ReadAsDecimal(CLI::Option& option) {
  const std::string name = option.get_name();
  CLI::Validator decimal(
      [name](std::string& text) -> std::string {
        if (std::is_unsigned_v<Integer> && !CheckNotNegative(text).empty()) {
          return CheckNotNegative(text);
        }
        Integer number = 0;
        if (!absl::SimpleAtoi(text, &number)) {
          throw CLI::ConversionError(name, std::vector<std::string>{text});
        }
        text = absl::StrCat(number);
        return "";
      },
      /*validator_desc=*/"");
  // An option of one value that is given again has the last of them; the others are not read.
  if (option.get_items_expected_max() == 1) decimal.application_index(0);
  option.transform(decimal);
}

// Does so for all options of the application and its subcommands, also as config files have them.
inline void ReadWholeNumbersAsDecimal(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    const std::string type = option->get_type_name();
    if (type == kSignedType) ReadAsDecimal<int64_t>(*option);
    if (type == kUnsignedType) ReadAsDecimal<uint64_t>(*option);
  }
  for (CLI::App* subcommand : app.get_subcommands([](CLI::App*) { return true; })) {
    ReadWholeNumbersAsDecimal(*subcommand);
  }
}

// The options of the application and of the subcommands that were given, for WithFlags.
inline FlagNames FlagNamesOf(const CLI::App& app) {
  FlagNames names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.insert(name);
  }
  for (const CLI::App* subcommand : app.get_subcommands()) names.merge(FlagNamesOf(*subcommand));
  return names;
}

// Returns whether the text is a number of the type, which CLI11 names; a whole one of any width.
inline bool IsNumber(absl::string_view text, absl::string_view type) {
  int64_t signed_number = 0;
  uint64_t unsigned_number = 0;
  double number = 0;
  if (type == kSignedType) return absl::SimpleAtoi(text, &signed_number);
  if (type == kUnsignedType) return absl::SimpleAtoi(text, &unsigned_number);
  return absl::SimpleAtod(text, &number);
}

// Describes what a text must be that is not taken for an option of this type.
inline std::string DescribeNumbers(absl::string_view type, absl::string_view text) {
  if (type != kSignedType && type != kUnsignedType) return "a number";
  absl::string_view digits = absl::StripAsciiWhitespace(text);
  if (!digits.empty() && (digits.front() == '-' || digits.front() == '+')) digits.remove_prefix(1);
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit)) {
    return "a whole number";
  }
  const auto range = [](auto limits) { return absl::StrCat(limits.min(), " to ", limits.max()); };
  if (type == kUnsignedType) return range(std::numeric_limits<uint64_t>());
  // What 64 bits hold, the option's 32 do not.
  return IsNumber(text, type) ? range(std::numeric_limits<int32_t>())
                              : range(std::numeric_limits<int64_t>());
}

// "--lr is 'abc'; must be a number", of CLI11's error for a text that its type does not
// allow; the error's own words where it has another form.
inline std::string DescribeConversion(const CLI::App& app, const std::string& error) {
  const auto colon = error.find(": "), equals = error.find(" = ");
  if (colon == std::string::npos || equals == std::string::npos) return error;
  const std::string name = error.substr(colon + 2, equals - colon - 2);
  const CLI::Option* option = app.get_option_no_throw(name);
  for (const CLI::App* subcommand : app.get_subcommands()) {
    if (option == nullptr) option = subcommand->get_option_no_throw(name);
  }
  if (option == nullptr || option->results().empty()) return error;
  const std::string type = option->get_type_name();
  const std::vector<std::string>& texts = option->results();
  const auto wrong = std::find_if(texts.rbegin(), texts.rend(), [&type](const std::string& text) {
    return !IsNumber(text, type);
  });
  const std::string& text = wrong == texts.rend() ? texts.back() : *wrong;
  return absl::StrCat(name, " is '", text, "'; must be ", DescribeNumbers(type, text));
}

// Says what is wrong and returns the exit code.
inline int RefuseCommandLine(const CLI::App& app, absl::string_view message) {
  std::cerr << app.get_name() << ": " << WithFlags(message, FlagNamesOf(app))
            << "\nRun with --help for the options.\n";
  return kCommandLineWrong;
}

// Returns the exit code if help, the version or an error was printed; nullopt: continue. Whole
// numbers are decimal. Call once, when all options are added.
inline std::optional<int> ParseOrExit(CLI::App& app, int argc, const char* const* argv) {
  ReadWholeNumbersAsDecimal(app);
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::FileError& error) {
    std::cerr << app.get_name() << ": the command line: " << error.what() << "\n";
    return kFileMissing;
  } catch (const CLI::ValidationError& error) {
    return RefuseCommandLine(app, error.what());
  } catch (const CLI::ConversionError& error) {
    return RefuseCommandLine(app, DescribeConversion(app, error.what()));
  } catch (const CLI::ParseError& error) {  // in CLI11's own words
    return RefuseCommandLine(app, absl::StrCat("the command line: ", error.what()));
  }
}

}  // namespace distill
