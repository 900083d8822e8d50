// Between the proto's messages and the project's own types. Everything that comes from a peer is
// checked here: an enum value that is UNSPECIFIED or unknown is INVALID_ARGUMENT and named.
#pragma once

#include <grpcpp/support/status.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rpc/limits.h"
#include "common/store/served_model.h"
#include "common/tensor/host_tensor.h"
#include "common/tensor/target_spec.h"
#include "distill/v1/teacher.pb.h"

namespace distill {

v1::DType ToProto(DType dtype);
absl::StatusOr<DType> FromProto(v1::DType dtype);

v1::TargetEncoding ToProto(TargetEncoding encoding);
v1::TargetSpec ToProto(const TargetSpec& spec);
absl::StatusOr<TargetSpec> FromProto(const v1::TargetSpec& spec);

v1::ModelInfo ToProto(const ModelInfo& model);
absl::StatusOr<ModelInfo> FromProto(const v1::ModelInfo& model);
v1::Numerics ToProto(const Numerics& numerics);
Numerics FromProto(const v1::Numerics& numerics);
v1::Limits ToProto(const StreamLimits& limits);
// INVALID_ARGUMENT unless all are positive and credits ≥ max_request_samples.
absl::StatusOr<StreamLimits> FromProto(const v1::Limits& limits);

// A request's tensors with their payloads: the number of payloads, and each one's bytes against
// dtype and shape, are checked; the memory is shared.
absl::StatusOr<std::vector<HostTensor>> TensorsFromProto(
    const google::protobuf::RepeatedPtrField<v1::Tensor>& tensors,
    const std::vector<Bytes>& payloads);
v1::Tensor ToProto(const HostTensor& tensor);

// Answers: header and payloads of EncodedTargets. From the wire, rows, classes and every part's
// bytes are checked against `spec`.
absl::StatusOr<EncodedTargets> TargetsFromProto(const v1::Targets& targets, const TargetSpec& spec,
                                                const std::vector<Bytes>& payloads);

// Status codes are the same numbers in both.
grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace distill
