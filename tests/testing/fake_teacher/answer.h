// The messages that a FakeTeacher sends.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "common/contract/target_spec.h"
#include "distill/v1/teacher.pb.h"
#include "tests/testing/fake_teacher/options.h"
#include "tests/testing/fake_teacher/script.h"

namespace distill::testing {

v1::DistillResponse OpenedMessage(const FakeTeacherOptions& options, const TargetSpec& spec);

// The fake logits of the request's samples in a dense encoding, spoiled by the fault if there is
// one. (kTwice is a matter of sending.)
v1::DistillResponse AnswerMessage(const v1::DistillRequest& message, int64_t classes,
                                  TargetEncoding encoding, std::optional<AnswerFault> fault);

// Makes the answer one of the outputs that the open names, in float32: each row is the fake logits
// of the sample, as many as the output is wide.
void AnswerOutputs(const v1::DistillRequest& message, const v1::Open& open, const ModelInfo& model,
                   v1::DistillResponse* response);

v1::DistillResponse ErrorMessage(uint64_t id, const absl::Status& status, v1::Reason reason);

}  // namespace distill::testing
