// What the command lines of the benchmark programs share.
#pragma once

#include <CLI/CLI.hpp>
#include <iostream>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace distill {

inline constexpr int kCommandLineWrong = 2;

// Adds an option whose value `parse` (text → StatusOr<T>) turns into `target`.
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

inline int RefuseCommandLine(const CLI::App& app, absl::string_view message) {
  std::cerr << app.get_name() << ": " << message << "\nRun with --help for the options.\n";
  return kCommandLineWrong;
}

// The code to exit with, once help (0) or what is wrong (2) was printed; none: go on.
inline std::optional<int> ParseOrExit(CLI::App& app, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return RefuseCommandLine(app, error.what());
  }
}

}  // namespace distill
