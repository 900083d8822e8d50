#include "common/base/flag_names.h"

#include "absl/strings/str_cat.h"

namespace distill {

std::string WithFlags(absl::string_view message, const FlagNames& flags) {
  std::string text;
  while (true) {
    const size_t open = message.find('`');
    const size_t close = open == absl::string_view::npos ? open : message.find('`', open + 1);
    if (close == absl::string_view::npos) return absl::StrCat(text, message);
    const std::string name(message.substr(open + 1, close - open - 1));
    if (flags.contains(name)) {
      absl::StrAppend(&text, message.substr(0, open), "--", name);
      message.remove_prefix(close + 1);
    } else {  // its second backtick may be the first of a field
      absl::StrAppend(&text, message.substr(0, close));
      message.remove_prefix(close);
    }
  }
}

}  // namespace distill
