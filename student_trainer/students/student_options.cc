#include "student_trainer/students/student_options.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/known_names.h"
#include "common/base/status_macros.h"
#include "common/zoo/registry.h"

namespace distill {

absl::Status StudentOptions::Validate() const {
  RETURN_IF_ERROR(CheckGiven("student", student, "a name of the zoo or a model directory"));
  const std::vector<std::string> known = StudentNames();
  if (!IsDirectory() && std::find(known.begin(), known.end(), student) == known.end()) {
    return InvalidField("student", absl::StrCat("'", student, "'"),
                        absl::StrCat("a model directory, with a slash in its path, or ",
                                     DescribeKnownNames(student, known)));
  }
  if (IsDirectory() && !arguments.empty()) {
    return InvalidField("student_arguments", arguments,
                        "left out where `student` is a directory, which has its own");
  }
  RETURN_IF_ERROR(CheckImageSize("student_resolution", resolution));
  if (arguments.empty()) return absl::OkStatus();
  const auto json = nlohmann::json::parse(arguments, nullptr, /*allow_exceptions=*/false);
  if (json.is_object()) return absl::OkStatus();
  return InvalidField("student_arguments", arguments, "a JSON object");
}

}  // namespace distill
