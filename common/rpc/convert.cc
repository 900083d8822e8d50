#include "common/rpc/convert.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

constexpr std::pair<DType, v1::DType> kDTypes[] = {
    {DType::kBool, v1::DTYPE_BOOL},       {DType::kUint8, v1::DTYPE_UINT8},
    {DType::kInt8, v1::DTYPE_INT8},       {DType::kInt16, v1::DTYPE_INT16},
    {DType::kInt32, v1::DTYPE_INT32},     {DType::kInt64, v1::DTYPE_INT64},
    {DType::kFloat16, v1::DTYPE_FLOAT16}, {DType::kBFloat16, v1::DTYPE_BFLOAT16},
    {DType::kFloat32, v1::DTYPE_FLOAT32}, {DType::kFloat64, v1::DTYPE_FLOAT64},
};

constexpr std::pair<TargetEncoding, v1::TargetEncoding> kEncodings[] = {
    {TargetEncoding::kDenseF32, v1::TARGET_ENCODING_DENSE_F32},
    {TargetEncoding::kDenseF16, v1::TARGET_ENCODING_DENSE_F16},
    {TargetEncoding::kDenseBF16, v1::TARGET_ENCODING_DENSE_BF16},
    {TargetEncoding::kTopK, v1::TARGET_ENCODING_TOP_K},
    {TargetEncoding::kSampled, v1::TARGET_ENCODING_SAMPLED},
    {TargetEncoding::kHeadSampled, v1::TARGET_ENCODING_HEAD_SAMPLED},
};

constexpr std::pair<OutputKind, v1::OutputKind> kOutputKinds[] = {
    {OutputKind::kLogits, v1::OUTPUT_KIND_LOGITS},
    {OutputKind::kFeatures, v1::OUTPUT_KIND_FEATURES},
    {OutputKind::kHidden, v1::OUTPUT_KIND_HIDDEN},
};

absl::Status Unknown(absl::string_view what, int value, absl::string_view enumeration) {
  return InvalidValue(what, value == 0 ? "unspecified" : absl::StrCat(value),
                      absl::StrCat("a known value of the protocol's enum ", enumeration));
}

absl::StatusOr<InputSpec> InputFromProto(const v1::InputSpec& input) {
  InputSpec spec;
  spec.name = input.name();
  ASSIGN_OR_RETURN(spec.dtype, FromProto(input.dtype()));
  spec.shape.assign(input.shape().begin(), input.shape().end());
  for (const int64_t dimension : spec.shape) {
    if (dimension != -1 && dimension <= 0) {
      return InvalidValue(absl::StrCat("the shape of input '", spec.name, "'"),
                          ToString(spec.shape), "positive dimensions, or -1 for a variable length");
    }
  }
  return spec;
}

}  // namespace

v1::DType ToProto(DType dtype) {
  for (const auto& [ours, theirs] : kDTypes) {
    if (ours == dtype) return theirs;
  }
  return v1::DTYPE_UNSPECIFIED;
}

absl::StatusOr<DType> FromProto(v1::DType dtype) {
  for (const auto& [ours, theirs] : kDTypes) {
    if (theirs == dtype) return ours;
  }
  return Unknown("the dtype", dtype, "DType");
}

v1::TargetEncoding ToProto(TargetEncoding encoding) {
  for (const auto& [ours, theirs] : kEncodings) {
    if (ours == encoding) return theirs;
  }
  return v1::TARGET_ENCODING_UNSPECIFIED;
}

v1::TargetSpec ToProto(const TargetSpec& spec) {
  v1::TargetSpec message;
  message.set_encoding(ToProto(spec.encoding));
  message.set_k(spec.k);
  message.set_draws(spec.draws);
  return message;
}

absl::StatusOr<TargetSpec> FromProto(const v1::TargetSpec& spec) {
  for (const auto& [ours, theirs] : kEncodings) {
    if (theirs == spec.encoding()) return TargetSpec{ours, spec.k(), spec.draws()};
  }
  return Unknown("the target encoding", spec.encoding(), "TargetEncoding");
}

v1::OutputSpec ToProto(const OutputSpec& output) {
  v1::OutputSpec message;
  message.set_name(output.name);
  for (const auto& [ours, theirs] : kOutputKinds) {
    if (ours == output.kind) message.set_kind(theirs);
  }
  message.set_width(output.width);
  message.set_rows_per_sample(output.rows_per_sample);
  return message;
}

absl::StatusOr<OutputSpec> FromProto(const v1::OutputSpec& message) {
  OutputSpec output{.name = message.name(),
                    .width = message.width(),
                    .rows_per_sample = message.rows_per_sample()};
  const std::string where = absl::StrCat("output '", output.name, "'");
  const auto found = std::find_if(std::begin(kOutputKinds), std::end(kOutputKinds),
                                  [&](const auto& kind) { return kind.second == message.kind(); });
  if (found == std::end(kOutputKinds)) {
    return Unknown(absl::StrCat(where, ": the kind"), message.kind(), "OutputKind");
  }
  output.kind = found->first;
  if (output.width <= 0)
    return InvalidValue(absl::StrCat(where, ": the width"), output.width, "1 or more");
  if (output.rows_per_sample < -1 || output.rows_per_sample == 0) {
    return InvalidValue(absl::StrCat(where, ": rows per sample"), output.rows_per_sample,
                        "-1, or 1 or more");
  }
  return output;
}

v1::ModelInfo ToProto(const ModelInfo& model) {
  v1::ModelInfo message;
  message.set_name(model.name);
  message.set_fingerprint(model.fingerprint);
  message.set_architecture(model.architecture);
  for (const InputSpec& spec : model.inputs) {
    v1::InputSpec* input = message.add_inputs();
    input->set_name(spec.name);
    input->set_dtype(ToProto(spec.dtype));
    input->mutable_shape()->Assign(spec.shape.begin(), spec.shape.end());
  }
  message.set_classes(model.classes);
  message.set_rows_per_sample(model.rows_per_sample);
  message.mutable_class_names()->Assign(model.class_names.begin(), model.class_names.end());
  message.set_suspected_output(model.suspected_output);
  for (const OutputSpec& output : model.outputs) *message.add_outputs() = ToProto(output);
  return message;
}

absl::StatusOr<ModelInfo> FromProto(const v1::ModelInfo& message) {
  ModelInfo model;
  model.name = message.name();
  model.fingerprint = message.fingerprint();
  model.architecture = message.architecture();
  for (const v1::InputSpec& input : message.inputs()) {
    ASSIGN_OR_RETURN(InputSpec spec, InputFromProto(input));
    model.inputs.push_back(std::move(spec));
  }
  model.classes = message.classes();
  model.class_names.assign(message.class_names().begin(), message.class_names().end());
  model.suspected_output = message.suspected_output();
  if (message.rows_per_sample() != 0) model.rows_per_sample = message.rows_per_sample();
  const std::string name = absl::StrCat("model '", model.name, "'");
  if (model.fingerprint.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": it has no fingerprint"));
  }
  if (model.inputs.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": it has no inputs"));
  }
  for (const v1::OutputSpec& output : message.outputs()) {
    ASSIGN_OR_RETURN(OutputSpec spec, FromProto(output), name);
    model.outputs.push_back(std::move(spec));
  }
  const bool has_logits = model.outputs.empty() || IndexOf(kLogitsOutput, model.outputs) >= 0;
  if (model.classes < 0 || (model.classes == 0 && has_logits)) {
    return InvalidValue(absl::StrCat(name, ": the number of classes"), model.classes, "1 or more");
  }
  if (!model.class_names.empty() &&
      static_cast<int64_t>(model.class_names.size()) != model.classes) {
    return InvalidValue(absl::StrCat(name, ": the number of class names"), model.class_names.size(),
                        absl::StrCat("0 or ", model.classes, ", one per class"));
  }
  return model;
}

v1::Numerics ToProto(const Numerics& numerics) {
  v1::Numerics message;
  message.set_runner(numerics.runner);
  message.set_dtype(numerics.dtype);
  message.set_device(numerics.device);
  message.set_libtorch_version(numerics.libtorch_version);
  message.set_intra_op_threads(numerics.intra_op_threads);
  message.set_blas(numerics.blas);
  message.set_fixed_batch_size(numerics.fixed_batch_size);
  return message;
}

Numerics FromProto(const v1::Numerics& message) {
  return {.runner = message.runner(),
          .dtype = message.dtype(),
          .device = message.device(),
          .libtorch_version = message.libtorch_version(),
          .intra_op_threads = message.intra_op_threads(),
          .blas = message.blas(),
          .fixed_batch_size = message.fixed_batch_size()};
}

v1::Limits ToProto(const StreamLimits& limits) {
  v1::Limits message;
  message.set_credits(limits.credits);
  message.set_max_request_samples(limits.max_request_samples);
  message.set_max_message_bytes(limits.max_message_bytes);
  message.set_max_length(limits.max_length);
  return message;
}

absl::StatusOr<StreamLimits> FromProto(const v1::Limits& message) {
  StreamLimits limits{.credits = message.credits(),
                      .max_request_samples = message.max_request_samples(),
                      .max_message_bytes = message.max_message_bytes()};
  if (message.max_length() > 0) limits.max_length = message.max_length();
  if (limits.max_request_samples <= 0) {
    return InvalidValue("max_request_samples", limits.max_request_samples, "1 or more");
  }
  if (limits.max_message_bytes <= 0) {
    return InvalidValue("max_message_bytes", limits.max_message_bytes, "1 or more");
  }
  if (limits.credits < limits.max_request_samples) {
    return InvalidValue("credits", limits.credits,
                        absl::StrCat(limits.max_request_samples, " (max_request_samples) or more"));
  }
  return limits;
}

absl::StatusOr<std::vector<InputBatch>> InputsFromProto(
    const google::protobuf::RepeatedPtrField<v1::Tensor>& tensors,
    const std::vector<Bytes>& payloads) {
  if (static_cast<size_t>(tensors.size()) != payloads.size()) {
    return InvalidValue("the number of payloads of the request", payloads.size(),
                        absl::StrCat(tensors.size(), ", one per tensor"));
  }
  std::vector<InputBatch> result;
  result.reserve(payloads.size());
  for (int i = 0; i < tensors.size(); ++i) {
    InputBatch input;
    HostTensor& values = input.values;
    ASSIGN_OR_RETURN(values.dtype, FromProto(tensors[i].dtype()), "tensor ", i);
    values.shape.assign(tensors[i].shape().begin(), tensors[i].shape().end());
    values.bytes = payloads[i];
    RETURN_IF_ERROR(values.Validate(), "tensor ", i);
    input.lengths.assign(tensors[i].lengths().begin(), tensors[i].lengths().end());
    result.push_back(std::move(input));
  }
  return result;
}

v1::Tensor ToProto(const InputBatch& input) {
  v1::Tensor message;
  message.set_dtype(ToProto(input.values.dtype));
  message.mutable_shape()->Assign(input.values.shape.begin(), input.values.shape.end());
  message.mutable_lengths()->Assign(input.lengths.begin(), input.lengths.end());
  return message;
}

namespace {

absl::StatusOr<EncodedTargets> ReadOne(int64_t rows, int64_t width, const TargetSpec& spec,
                                       absl::Span<const Bytes> payloads) {
  EncodedTargets targets{.spec = spec, .rows = rows, .classes = width};
  std::vector<PartSpec> parts = PartsOf(spec, rows, width);
  for (size_t i = 0; i < parts.size(); ++i) {
    targets.parts.push_back({parts[i].dtype, std::move(parts[i].shape), payloads[i]});
  }
  RETURN_IF_ERROR(Validate(targets));
  return targets;
}

}  // namespace

absl::StatusOr<std::vector<EncodedTargets>> TargetsFromProto(const v1::Targets& message,
                                                             absl::Span<const TargetSpec> specs,
                                                             const std::vector<Bytes>& payloads) {
  if (message.rows() <= 0) return InvalidValue("targets.rows", message.rows(), "1 or more");
  if (message.classes() <= 0) {
    return InvalidValue("targets.classes", message.classes(), "1 or more");
  }
  const bool several = !message.outputs().empty();
  if (several ? static_cast<size_t>(message.outputs_size()) != specs.size() : specs.size() != 1) {
    return InvalidValue("the number of outputs of the targets", message.outputs_size(),
                        absl::StrCat(specs.size(), ", as many as were asked for"));
  }
  std::vector<EncodedTargets> result;
  size_t payload = 0;
  for (size_t i = 0; i < specs.size(); ++i) {
    const int64_t rows = several ? message.outputs(static_cast<int>(i)).rows() : message.rows();
    const int64_t width =
        several ? message.outputs(static_cast<int>(i)).width() : message.classes();
    if (rows <= 0) return InvalidValue("targets.outputs.rows", rows, "1 or more");
    RETURN_IF_ERROR(Validate(specs[i], width));
    const size_t parts = PartsOf(specs[i], 0, width).size();
    const bool last = i + 1 == specs.size();
    const size_t left = payloads.size() - payload;
    if (last ? left != parts : left < parts) {
      return InvalidValue("the number of payloads of the targets", payloads.size(),
                          absl::StrCat(payload + parts, last ? "" : " or more",
                                       " with the encoding ", Name(specs[i].encoding)));
    }
    ASSIGN_OR_RETURN(
        EncodedTargets targets,
        ReadOne(rows, width, specs[i], absl::MakeConstSpan(payloads).subspan(payload, parts)));
    result.push_back(std::move(targets));
    payload += parts;
  }
  return result;
}

std::vector<Bytes> ToProto(absl::Span<const EncodedTargets> targets, bool several,
                           v1::Targets* header) {
  header->set_rows(targets.front().rows);
  header->set_classes(targets.front().classes);
  std::vector<Bytes> payloads;
  for (const EncodedTargets& each : targets) {
    if (several) {
      v1::OutputRows* output = header->add_outputs();
      output->set_rows(each.rows);
      output->set_width(each.classes);
    }
    for (const HostTensor& part : each.parts) payloads.push_back(part.bytes);
  }
  return payloads;
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

absl::Status FromGrpc(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace distill
