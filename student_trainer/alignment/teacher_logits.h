// A teacher's logits of samples, outside training: for comparisons, and for the report.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/client/pool/teacher_pool.h"
#include "common/client/session/request_cut.h"
#include "student_trainer/alignment/alignment.h"
#include "student_trainer/alignment/teacher_access.h"

namespace distill {

// Connects to teachers that answer with whole logits, float32, in the order of `class_names`;
// empty: in their own. `client_name` is for the server's log. `ragged`: of the data that they will
// be asked about. Errors of TeacherPool::Connect; `stop` ends the wait for a connection.
absl::StatusOr<std::unique_ptr<TeacherPool>> ConnectForLogits(
    const TeacherAccess& access, const std::string& client_name,
    const std::vector<std::string>& class_names, const RaggedTerms& ragged, Clock& clock,
    std::stop_token stop);

// Of samples → float32 [rows, classes], with `rows_per_sample` as FetchOptions. `teachers`: of
// ConnectForLogits. Errors of FetchTargets, which gives up after losses without one answer.
absl::StatusOr<at::Tensor> FetchLogits(SoftTargetSource& teachers, const AskedBatch& samples,
                                       int64_t rows_per_sample = 1);

}  // namespace distill
