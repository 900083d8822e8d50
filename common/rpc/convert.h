// Converts between the messages of the proto and the types of the project. All data from a peer is
// checked here: an enum value that is UNSPECIFIED or unknown gives INVALID_ARGUMENT, which names
// it.
#pragma once

#include <grpcpp/support/status.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/contract/input_batch.h"
#include "common/contract/limits.h"
#include "common/contract/served_model.h"
#include "common/contract/target_spec.h"
#include "common/tensor/host_tensor.h"
#include "distill/v1/teacher.pb.h"

namespace distill {

v1::DType ToProto(DType dtype);
absl::StatusOr<DType> FromProto(v1::DType dtype);

v1::TargetEncoding ToProto(TargetEncoding encoding);
v1::TargetSpec ToProto(const TargetSpec& spec);
absl::StatusOr<TargetSpec> FromProto(const v1::TargetSpec& spec);

v1::OutputSpec ToProto(const OutputSpec& output);
// INVALID_ARGUMENT for a width that is not positive and rows per sample that are not positive or
// -1.
absl::StatusOr<OutputSpec> FromProto(const v1::OutputSpec& output);

v1::ModelInfo ToProto(const ModelInfo& model);
absl::StatusOr<ModelInfo> FromProto(const v1::ModelInfo& model);
v1::Numerics ToProto(const Numerics& numerics);
Numerics FromProto(const v1::Numerics& numerics);
v1::Limits ToProto(const StreamLimits& limits);
// Returns INVALID_ARGUMENT unless all are positive and credits ≥ max_request_samples.
absl::StatusOr<StreamLimits> FromProto(const v1::Limits& limits);

// Combines the tensors of a request with their payloads. The number of payloads and the bytes of
// each are checked against dtype and shape; the lengths are not. The memory is shared.
absl::StatusOr<std::vector<InputBatch>> InputsFromProto(
    const google::protobuf::RepeatedPtrField<v1::Tensor>& tensors,
    const std::vector<Bytes>& payloads);
v1::Tensor ToProto(const InputBatch& input);

// Returns the targets of an answer, one per spec, from its header and payloads: rows, classes and
// the bytes of every part are checked against the specs.
absl::StatusOr<std::vector<EncodedTargets>> TargetsFromProto(const v1::Targets& targets,
                                                             absl::Span<const TargetSpec> specs,
                                                             const std::vector<Bytes>& payloads);

// Describes targets, one per output, in the header of an answer, and returns their payloads.
// `several`: the stream is about other outputs than `logits` alone.
std::vector<Bytes> ToProto(absl::Span<const EncodedTargets> targets, bool several,
                           v1::Targets* header);

// Status codes have the same numbers in both.
grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace distill
