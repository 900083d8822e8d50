#include "teacher_server/stream/served_teacher.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/contract/class_order.h"
#include "common/contract/starting.h"

namespace distill {

ServedTeachers::ServedTeachers(Teachers teachers) : limits_(teachers.front()->limits) {
  Set(std::move(teachers));
}

void ServedTeachers::Set(Teachers teachers) {
  const MutexLock lock(mutex_);
  teachers_ = std::move(teachers);
}

ServedTeachers::Teachers ServedTeachers::all() const {
  const MutexLock lock(mutex_);
  return teachers_;
}

absl::StatusOr<std::shared_ptr<const ServedTeacher>> ServedTeachers::Find(
    const std::string& name) const {
  const Teachers teachers = all();
  if (teachers.empty()) return absl::UnavailableError(kServerStarting);
  if (name.empty()) return teachers.front();
  std::vector<std::string> names;
  for (const auto& teacher : teachers) {
    if (teacher->info.name == name) return teacher;
    names.push_back(QuotedName(teacher->info.name));
  }
  return absl::NotFoundError(absl::StrCat("model ", QuotedName(name),
                                          ": it is not served here; served are ",
                                          absl::StrJoin(names, ", ")));
}

}  // namespace distill
