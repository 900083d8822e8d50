// What the programs' command lines share: options of the project's own types, how messages name
// options, and the exit codes: 2 where the command line is wrong, 1 where a file that it names
// cannot be read.
#pragma once

#include <CLI/CLI.hpp>
#include <iostream>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
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

// For options of unsigned integers: CLI11 takes -1 for the greatest.
inline std::string CheckNotNegative(const std::string& text) {
  if (text.empty() || text.front() != '-') return "";
  return absl::StrCat("it is ", text, "; give a whole number of 0 or more");
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
  return absl::StrCat(name, " is '", option->results().back(), "'; must be ",
                      type == "INT" || type == "UINT" ? "a whole number" : "a number");
}

// Says what is wrong and returns the exit code.
inline int RefuseCommandLine(const CLI::App& app, absl::string_view message) {
  std::cerr << app.get_name() << ": " << WithFlags(message, FlagNamesOf(app))
            << "\nRun with --help for the options.\n";
  return kCommandLineWrong;
}

// Returns the exit code if help, the version or an error was printed; nullopt: continue.
inline std::optional<int> ParseOrExit(CLI::App& app, int argc, const char* const* argv) {
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
