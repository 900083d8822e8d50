#include "common/client/session/pending_requests.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
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
  for (const HostTensor& input : request.inputs) *header->add_tensors() = ToProto(input);
  header->set_temperature(request.temperature);
  header->set_seed(request.seed);
  if (request.timeout < absl::InfiniteDuration()) {
    // 0 would mean no limit at all.
    header->set_timeout_us(std::max<int64_t>(1, absl::ToInt64Microseconds(request.timeout)));
  }
  return message;
}

absl::StatusOr<EncodedTargets> CheckedTargets(const v1::Targets& targets,
                                              const std::vector<Bytes>& payloads,
                                              const PendingRequest& request, const TargetSpec& spec,
                                              int64_t classes) {
  const auto breach = [&targets](absl::string_view reason) {
    return absl::InternalError(absl::StrCat("an answer to request ", targets.id(), ": ", reason));
  };
  const int64_t wanted_rows = request.request.rows;
  if (wanted_rows == request.samples && targets.rows() > wanted_rows &&
      targets.rows() % wanted_rows == 0) {
    return breach(absl::StrCat("it has ", targets.rows(), " rows for ", request.samples,
                               " samples, as of a teacher with a row per position of a sequence; "
                               "use one with a row per sample"));
  }
  if (wanted_rows != 0 && targets.rows() != wanted_rows) {
    return breach(absl::StrCat("it has ", targets.rows(), " rows instead of ", wanted_rows));
  }
  if (targets.rows() <= 0 || targets.rows() % request.samples != 0) {
    return breach(
        absl::StrCat("it has ", targets.rows(), " rows for ", request.samples, " samples"));
  }
  if (targets.classes() != classes) {
    return breach(absl::StrCat("it has ", targets.classes(), " classes instead of ", classes));
  }
  absl::StatusOr<EncodedTargets> read = TargetsFromProto(targets, spec, payloads);
  const absl::Status valid = read.ok() ? ValidateValues(*read) : read.status();
  if (valid.ok()) return read;
  return breach(valid.message());
}

}  // namespace distill
