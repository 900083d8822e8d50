#include "common/base/strict_json.h"

#include <string>
#include <unordered_set>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace distill {
namespace {

using Json = nlohmann::json;

// The callback throws this, since it has no other way to stop the parser.
struct Refused {
  std::string why;
};

// The parser calls this at every event; it tracks the objects that are open.
class Checker {
 public:
  explicit Checker(int max_depth) : max_depth_(max_depth) {}

  void operator()(Json::parse_event_t event, const Json& parsed) {
    switch (event) {
      case Json::parse_event_t::object_start:
      case Json::parse_event_t::array_start:
        open_.emplace_back();
        if (open_.size() > max_depth_) {
          throw Refused{absl::StrCat("it is nested deeper than ", max_depth_, " levels")};
        }
        break;
      case Json::parse_event_t::object_end:
      case Json::parse_event_t::array_end:
        open_.pop_back();
        break;
      case Json::parse_event_t::key: {
        const auto& key = parsed.get_ref<const std::string&>();
        if (!open_.back().insert(key).second) {
          throw Refused{absl::StrCat("the key '", key, "' appears twice in an object")};
        }
        break;
      }
      case Json::parse_event_t::value:
        break;
    }
  }

 private:
  const size_t max_depth_;
  std::vector<std::unordered_set<std::string>> open_;  // the keys seen in each; arrays have none
};

}  // namespace

absl::StatusOr<Json> ParseStrictJson(absl::string_view text, int max_depth) {
  // The parser takes a zero byte for the end of the text.
  if (text.find('\0') != absl::string_view::npos) {
    return absl::InvalidArgumentError("the JSON: it holds a zero byte");
  }
  Checker checker(max_depth);
  const auto callback = [&checker](int /*depth*/, Json::parse_event_t event, Json& parsed) {
    checker(event, parsed);
    return true;
  };
  try {
    return Json::parse(text, callback);
  } catch (const Refused& refused) {
    return absl::InvalidArgumentError(absl::StrCat("the JSON: ", refused.why));
  } catch (const Json::exception& error) {
    // "[json.exception.parse_error.101] parse error at line 1, …"
    const absl::string_view what = error.what();
    const size_t behind_tag = what.find("] ");
    return absl::InvalidArgumentError(absl::StrCat(
        "the JSON: ", behind_tag == absl::string_view::npos ? what : what.substr(behind_tag + 2)));
  }
}

}  // namespace distill
