// StudentOptions: which model a run trains, and what it begins with.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "student_trainer/views/image_size.h"

namespace distill {

struct StudentOptions {
  std::string student;    // a name of the zoo, or a model directory
  std::string arguments;  // JSON object, laid over the name's own arguments; empty: none
  std::string init_from;  // a model directory to take tensors from; empty: none
  std::optional<ImageSize> resolution;  // that it sees; unset: the data's

  // Whether `student` is a folder: so is what has a slash in it.
  bool IsDirectory() const { return student.find('/') != std::string::npos; }

  // INVALID_ARGUMENT names the field, its value and what is allowed. Reads no file.
  absl::Status Validate() const;
};

}  // namespace distill
