#include "common/client/session/pending_requests.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/contract/class_order.h"
#include "common/contract/target_values.h"
#include "common/rpc/convert.h"

namespace distill {

uint64_t PendingRequests::Add(PendingRequest request) {
  samples_ += request.samples;
  requests_.emplace(++last_id_, std::move(request));
  return last_id_;
}

absl::StatusOr<PendingRequest*> PendingRequests::Find(uint64_t id, int64_t stream) {
  const auto found = requests_.find(id);
  if (found == requests_.end() || found->second.sent_on != stream) {
    return absl::InternalError(absl::StrCat("an answer to request ", id, ": it is not in flight"));
  }
  return &found->second;
}

PendingRequest PendingRequests::Take(uint64_t id) {
  auto node = requests_.extract(id);
  samples_ -= node.mapped().samples;
  return std::move(node.mapped());
}

std::vector<Completion> PendingRequests::FailAll(const absl::Status& status) {
  std::vector<Completion> completions;
  completions.reserve(requests_.size());
  for (auto& [id, request] : requests_) {
    completions.push_back({std::move(request.callback), status});
  }
  requests_.clear();
  samples_ = 0;
  return completions;
}

v1::DistillRequest ToMessage(uint64_t id, const SoftTargetRequest& request) {
  v1::DistillRequest message;
  v1::Request* header = message.mutable_request();
  header->set_id(id);
  for (const InputBatch& input : request.inputs) *header->add_tensors() = ToProto(input);
  header->set_temperature(request.temperature);
  header->set_seed(request.seed);
  header->set_row_mask(request.row_mask);
  if (request.timeout < absl::InfiniteDuration()) {
    // 0 would mean no limit at all.
    header->set_timeout_us(std::max<int64_t>(1, absl::ToInt64Microseconds(request.timeout)));
  }
  return message;
}

namespace {

// Checks the rows and the width of one output of an answer.
absl::Status CheckShape(int64_t rows, int64_t width, const AnswerOutput& output,
                        const PendingRequest& request) {
  const int64_t samples = request.samples;
  const bool is_logits = output.output.kind == OutputKind::kLogits;
  const bool by_position = request.positions > 0 && output.output.rows_per_sample == -1;
  const int64_t wanted = by_position ? request.positions
                         : is_logits ? request.request.rows
                         : output.output.rows_per_sample > 0
                             ? samples * output.output.rows_per_sample
                             : 0;
  if (!by_position && wanted == samples && rows > wanted && rows % wanted == 0) {
    return absl::InternalError(absl::StrCat(
        "it has ", rows, " rows for ", samples,
        " samples, as of a teacher with a row per position of a sequence; use one with a row per "
        "sample"));
  }
  if (wanted != 0 && rows != wanted) {
    return absl::InternalError(absl::StrCat("it has ", rows, " rows instead of ", wanted));
  }
  if (rows <= 0 || (!by_position && rows % samples != 0)) {
    return absl::InternalError(absl::StrCat("it has ", rows, " rows for ", samples, " samples"));
  }
  if (width != output.output.width) {
    return absl::InternalError(absl::StrCat("it has ", width,
                                            is_logits ? " classes" : " numbers per row",
                                            " instead of ", output.output.width));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SoftTargets> CheckedTargets(const v1::Targets& targets,
                                           const std::vector<Bytes>& payloads,
                                           const PendingRequest& request,
                                           absl::Span<const AnswerOutput> outputs) {
  const std::string answer = absl::StrCat("an answer to request ", targets.id());
  const auto breach = [&](size_t i, const absl::Status& status) {
    return Annotate(absl::InternalError(status.message()),
                    outputs.size() == 1
                        ? answer
                        : absl::StrCat(answer, ": output ", QuotedName(outputs[i].output.name)));
  };
  std::vector<TargetSpec> specs;
  for (size_t i = 0; i < outputs.size(); ++i) {
    specs.push_back(outputs[i].spec);
    const int index = static_cast<int>(i);
    const bool several = !targets.outputs().empty();
    if (several && index >= targets.outputs_size()) continue;  // TargetsFromProto refuses it
    const absl::Status fits = CheckShape(
        several ? targets.outputs(index).rows() : targets.rows(),
        several ? targets.outputs(index).width() : targets.classes(), outputs[i], request);
    if (!fits.ok()) return breach(i, fits);
  }
  absl::StatusOr<SoftTargets> read = TargetsFromProto(targets, specs, payloads);
  if (!read.ok()) return Annotate(absl::InternalError(read.status().message()), answer);
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (const absl::Status valid = ValidateValues((*read)[i]); !valid.ok()) {
      return breach(i, valid);
    }
  }
  return read;
}

}  // namespace distill
