// Whether, and as what, an Open is granted. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/contract/class_order.h"
#include "common/contract/target_spec.h"
#include "distill/v1/teacher.pb.h"
#include "teacher_server/stream/served_teacher.h"

namespace distill {

inline constexpr size_t kMaxClientNameBytes = 128;

// What a stream was granted.
struct StreamTerms {
  std::string client;
  OutputEncoding encoding;
  int64_t classes = 0;          // of an answer
  bool chosen_classes = false;  // the client may have left some out
  bool batch_independent = false;
};

// `teacher`: the one that the open names. The status of a refusal is fit for the client: it names
// the field and what is allowed, with the codes of teacher.proto.
absl::StatusOr<StreamTerms> AcceptOpen(const v1::Open& open, const ServedTeacher& teacher);

// The model as the client of these terms sees it: with the classes that were chosen.
ModelInfo DescribeAnswers(const ModelInfo& model, const StreamTerms& terms);

}  // namespace distill
