#include "common/config_file/toml_config.h"

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/byte_order_mark.h"
#include "common/base/known_names.h"

namespace distill {
namespace {

// The shortest text that reads as the same number.
std::string NumberText(double number) {
  char text[64];
  const auto end = std::to_chars(std::begin(text), std::end(text), number).ptr;
  return {text, end};
}

// Earlier versions wrote seeds beyond TOML's 64 bits with a sign as numbers.
std::string WithQuotedLargeNumbers(absl::string_view text) {
  constexpr size_t kDigits = 19;
  std::vector<std::string> lines = absl::StrSplit(text, '\n');
  for (std::string& line : lines) {
    const size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    const absl::string_view number =
        absl::StripAsciiWhitespace(absl::string_view(line).substr(equals + 1));
    if (number.size() < kDigits ||
        !std::all_of(number.begin(), number.end(), absl::ascii_isdigit)) {
      continue;
    }
    line = absl::StrCat(line.substr(0, equals), "= \"", number, "\"");
  }
  return absl::StrJoin(lines, "\n");
}

// One reading of a file.
class Reader {
 public:
  Reader(const CLI::App& app, std::string file) : app_(app), file_(std::move(file)) {}

  std::vector<CLI::ConfigItem> Read(absl::string_view text) const {
    text = WithoutByteOrderMark(text);
    toml::table root;
    try {
      root = toml::parse(WithQuotedLargeNumbers(text));
    } catch (const toml::parse_error& error) {
      Fail(error.source(), absl::StrCat("is not TOML: ", std::string(error.description())));
    }
    std::vector<CLI::ConfigItem> items;
    for (const auto& [key, node] : root) {
      const std::string name(key.str());
      if (!node.is_table()) {
        Fail(node.source(), absl::StrCat("'", name, "' is in no section; begin the file with ",
                                         AnyOf(Sections("[", "]"))));
      }
      ReadSection(name, *node.as_table(), items);
    }
    return items;
  }

 private:
  [[noreturn]] void Fail(const toml::source_region& where, const std::string& what) const {
    throw CLI::ConfigError(absl::StrCat(file_, ":", where.begin.line, ": ", what),
                           CLI::ExitCodes::ConfigError);
  }

  std::vector<std::string> Sections(const char* before, const char* behind) const {
    std::vector<std::string> names;
    for (const CLI::App* app : app_.get_subcommands([](const CLI::App*) { return true; })) {
      names.push_back(absl::StrCat(before, app->get_name(), behind));
    }
    return names;
  }

  const CLI::App* Subcommand(const std::string& name) const {
    const auto of_name = [&name](const CLI::App* app) { return app->get_name() == name; };
    const std::vector<const CLI::App*> found = app_.get_subcommands(of_name);
    return found.empty() ? nullptr : found.front();
  }

  void ReadSection(const std::string& name, const toml::table& section,
                   std::vector<CLI::ConfigItem>& items) const {
    const CLI::App* const app = Subcommand(name);
    if (app == nullptr) {
      Fail(section.source(), absl::StrCat("'", name, "' is not a section; sections are ",
                                          DescribeKnownNames(name, Sections("", ""))));
    }
    for (const auto& [key, node] : section) {
      const std::string option_name(key.str());
      const CLI::Option* const option = app->get_option_no_throw(absl::StrCat("--", option_name));
      if (option == nullptr || !option->get_configurable()) {
        Fail(key.source(),
             absl::StrCat("'", option_name, "' is not an option of ", name, "; it has ",
                          DescribeKnownNames(option_name, OptionNames(*app))));
      }
      items.push_back({.parents = {name}, .name = option_name, .inputs = Values(*option, node)});
    }
  }

  static std::vector<std::string> OptionNames(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) {
      if (!option->get_configurable()) continue;
      for (const std::string& name : option->get_lnames()) names.push_back(name);
    }
    return names;
  }

  std::vector<std::string> Values(const CLI::Option& option, const toml::node& node) const {
    std::vector<std::string> values;
    if (const toml::array* const array = node.as_array()) {
      for (const toml::node& element : *array) values.push_back(Value(element));
    } else {
      values.push_back(Value(node));
    }
    // Earlier versions wrote a default list as one string.
    if (values.size() == 1 && option.get_items_expected_max() > 1 &&
        absl::StartsWith(values[0], "[") && absl::EndsWith(values[0], "]")) {
      const std::string list = values[0].substr(1, values[0].size() - 2);
      values = absl::StrSplit(list, ',', absl::SkipWhitespace());
    }
    return values;
  }

  std::string Value(const toml::node& node) const {
    if (const auto* const text = node.as_string()) return text->get();
    if (const auto* const number = node.as_integer()) return absl::StrCat(number->get());
    if (const auto* const number = node.as_floating_point()) return NumberText(number->get());
    if (const auto* const value = node.as_boolean()) return value->get() ? "true" : "false";
    Fail(node.source(), "a value is a string, a number, a boolean, or a list of them");
  }

  const CLI::App& app_;
  const std::string file_;
};

std::string ConfigFileOf(const CLI::App& app) {
  const CLI::Option* const option = app.get_config_ptr();
  if (option == nullptr || option->count() == 0) return "the configuration";
  return option->results().back();
}

// What the option has: what was given, else its default; empty: nothing to write.
std::vector<std::string> ValuesOf(const CLI::Option& option) {
  if (option.count() > 0) return option.reduced_results();
  const std::string& text = option.get_default_str();
  if (text.empty()) return {};
  if (option.get_items_expected_max() > 1 && absl::StartsWith(text, "[")) {
    return absl::StrSplit(text.substr(1, text.size() - 2), ',', absl::SkipWhitespace());
  }
  return {text};
}

bool IsTomlNumber(absl::string_view text) {
  int64_t whole = 0;
  if (absl::SimpleAtoi(text, &whole)) return absl::StrCat(whole) == text;
  double number = 0;
  const bool has_point = absl::StrContains(text, '.') || absl::StrContains(text, 'e');
  return has_point && absl::SimpleAtod(text, &number) && NumberText(number) == text &&
         text.find_first_not_of("+-.e0123456789") == absl::string_view::npos;
}

}  // namespace

std::vector<CLI::ConfigItem> TomlConfig::from_config(std::istream& input) const {
  std::ostringstream text;
  text << input.rdbuf();
  return Reader(app_, ConfigFileOf(app_)).Read(text.str());
}

std::string TomlConfig::to_config(const CLI::App* app, bool, bool, std::string) const {
  return TomlSection(*app);
}

std::string TomlValue(absl::string_view text) {
  if (text == "true" || text == "false" || IsTomlNumber(text)) return std::string(text);
  std::string quoted = "\"";
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\') {
      absl::StrAppend(&quoted, "\\", std::string(1, letter));
    } else if (code < 0x20 || code == 0x7f) {
      absl::StrAppendFormat(&quoted, "\\u%04x", code);
    } else {
      quoted.push_back(letter);
    }
  }
  return quoted + "\"";
}

std::string TomlSection(const CLI::App& subcommand) {
  std::string section = absl::StrCat("[", subcommand.get_name(), "]\n");
  for (const CLI::Option* option : subcommand.get_options()) {
    if (!option->get_configurable() || option->get_lnames().empty()) continue;
    const std::vector<std::string> values = ValuesOf(*option);
    if (values.empty()) continue;
    std::vector<std::string> written;
    for (const std::string& value : values) written.push_back(TomlValue(value));
    const bool list = option->get_items_expected_max() > 1 && written.size() > 1;
    absl::StrAppend(&section, option->get_lnames()[0], " = ",
                    list ? absl::StrCat("[", absl::StrJoin(written, ", "), "]") : written[0], "\n");
  }
  return section;
}

}  // namespace distill
