#include "teacher_server/stream/served_teacher.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/contract/class_order.h"

namespace distill {

ServedTeachers::ServedTeachers(std::vector<std::shared_ptr<const ServedTeacher>> teachers)
    : teachers_(std::move(teachers)) {}

absl::StatusOr<std::shared_ptr<const ServedTeacher>> ServedTeachers::Find(
    const std::string& name) const {
  if (name.empty()) return teachers_.front();
  std::vector<std::string> names;
  for (const auto& teacher : teachers_) {
    if (teacher->info.name == name) return teacher;
    names.push_back(QuotedName(teacher->info.name));
  }
  return absl::NotFoundError(absl::StrCat("model ", QuotedName(name),
                                          ": it is not served here; served are ",
                                          absl::StrJoin(names, ", ")));
}

}  // namespace distill
