// Whether, and as what, an Open is granted. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/contract/class_order.h"
#include "common/contract/input_batch.h"
#include "common/contract/output_spec.h"
#include "distill/v1/teacher.pb.h"
#include "teacher_server/stream/served_teacher.h"

namespace distill {

inline constexpr size_t kMaxClientNameBytes = 128;

// One output of each answer.
struct GrantedOutput {
  OutputSpec spec;  // of an answer: the width of logits is the number of classes chosen
  WantedOutput wanted;
};

// What a stream was granted.
struct StreamTerms {
  std::string client;
  std::vector<GrantedOutput> outputs;  // at least one
  bool names_outputs = false;          // others than `logits` alone were asked for
  ClassIndices class_order;            // as OutputEncoding::class_order
  int64_t classes = 0;                 // of the logits in an answer
  bool chosen_classes = false;         // the client may have left some out
  bool batch_independent = false;
  bool ragged = false;

  Lengths lengths() const { return ragged ? Lengths::kRagged : Lengths::kEqual; }
  std::vector<WantedOutput> wanted() const;
};

// `teacher`: the one that the open names. The status of a refusal is fit for the client: it names
// the field and what is allowed, with the codes of teacher.proto.
absl::StatusOr<StreamTerms> AcceptOpen(const v1::Open& open, const ServedTeacher& teacher);

// The model as the client of these terms sees it: with the classes that were chosen, and with its
// outputs where some were named.
ModelInfo DescribeAnswers(const ModelInfo& model, const StreamTerms& terms);

}  // namespace distill
