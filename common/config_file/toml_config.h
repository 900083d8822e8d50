// TomlConfig: --config files in TOML, read and written for a CLI11 application.
#pragma once

#include <CLI/CLI.hpp>
#include <istream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace distill {

// Reads files with one section per subcommand: app.config_formatter(make_shared<TomlConfig>(app)).
// CLI11's own reader takes INI, which cuts text at a '#' and knows no escapes. Errors are
// CLI::ConfigErrors that name the file, the line, and for a key the nearest known ones. `app` must
// outlive it.
class TomlConfig : public CLI::Config {
 public:
  explicit TomlConfig(const CLI::App& app) : app_(app) {}

  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override;
  std::string to_config(const CLI::App* app, bool default_also, bool write_description,
                        std::string prefix) const override;

 private:
  const CLI::App& app_;
};

// Returns the section of a subcommand: the options that were given, and the defaults of those that
// have one, so that reading it repeats the command. Switches that were not given are left out.
std::string TomlSection(const CLI::App& subcommand);

// `text` as a value of TOML: a number or a boolean as it is, otherwise a string with escapes.
std::string TomlValue(absl::string_view text);

}  // namespace distill
