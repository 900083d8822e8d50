#include "teacher_server/stream/served_teacher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/check.h"
#include "common/base/units.h"
#include "common/contract/class_order.h"
#include "common/contract/starting.h"

namespace distill {
namespace {

// What a message has beside its samples, at most.
constexpr int64_t kMessageOverhead = 1024;

}  // namespace

std::string WhatNoMessageHolds(const ModelInfo& model, const StreamLimits& limits) {
  int64_t input = 0;
  for (const InputSpec& spec : model.inputs) {
    const absl::StatusOr<size_t> bytes = ByteSize(spec.dtype, spec.shape);
    if (bytes.ok()) input += static_cast<int64_t>(*bytes);
  }
  const int64_t answer = model.classes * std::max<int64_t>(model.rows_per_sample, 1) * 4;
  const bool fits = std::max(input, answer) <= limits.max_message_bytes - kMessageOverhead;
  if (fits) return "";
  return absl::StrCat("one ", input >= answer ? "sample" : "answer in float32", " of model ",
                      QuotedName(model.name), " takes ", FormatBytes(std::max(input, answer)),
                      ", and a message at most ", FormatBytes(limits.max_message_bytes),
                      "; set a larger ", Field("max_message_size"));
}

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
