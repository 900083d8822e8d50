#include "common/tensor/target_spec.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

struct EncodingInfo {
  TargetEncoding encoding;
  absl::string_view name;
  bool supported;
};

constexpr EncodingInfo kEncodings[] = {
    {TargetEncoding::kDenseF32, "f32", true},
    {TargetEncoding::kDenseF16, "f16", true},
    {TargetEncoding::kDenseBF16, "bf16", false},
    {TargetEncoding::kTopK, "top_k", false},
    {TargetEncoding::kSampled, "sampled", false},
    {TargetEncoding::kHeadSampled, "head_sampled", false},
};

void AppendName(std::string* out, TargetEncoding encoding) { absl::StrAppend(out, Name(encoding)); }

absl::Status CheckDenseParameter(absl::string_view parameter, int32_t value,
                                 TargetEncoding encoding) {
  if (value == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(parameter, " must be 0 for the encoding ", Name(encoding), ", not ", value));
}

}  // namespace

absl::string_view Name(TargetEncoding encoding) {
  for (const EncodingInfo& info : kEncodings) {
    if (info.encoding == encoding) return info.name;
  }
  return "unknown";
}

absl::StatusOr<TargetEncoding> ParseTargetEncoding(absl::string_view name) {
  for (const EncodingInfo& info : kEncodings) {
    if (info.name == name) return info.encoding;
  }
  const auto append_name = [](std::string* out, const EncodingInfo& info) {
    absl::StrAppend(out, info.name);
  };
  return absl::InvalidArgumentError(absl::StrCat("'", name,
                                                 "' is not a target encoding; known are ",
                                                 absl::StrJoin(kEncodings, ", ", append_name)));
}

std::vector<TargetEncoding> SupportedEncodings() {
  std::vector<TargetEncoding> supported;
  for (const EncodingInfo& info : kEncodings) {
    if (info.supported) supported.push_back(info.encoding);
  }
  return supported;
}

absl::Status Validate(const TargetSpec& spec, int64_t classes) {
  bool supported = false;
  for (const EncodingInfo& info : kEncodings) {
    supported |= info.encoding == spec.encoding && info.supported;
  }
  if (!supported) {
    return absl::UnimplementedError(
        absl::StrCat("the target encoding ", Name(spec.encoding), " is not granted; granted are ",
                     absl::StrJoin(SupportedEncodings(), ", ", AppendName)));
  }
  if (classes < 1 || classes > kMaxClasses) {
    return absl::InvalidArgumentError(
        absl::StrCat("classes must be 1 to ", kMaxClasses, ", not ", classes));
  }
  RETURN_IF_ERROR(CheckDenseParameter("k", spec.k, spec.encoding));
  return CheckDenseParameter("draws", spec.draws, spec.encoding);
}

int64_t BytesPerRow(const TargetSpec& spec, int64_t classes) {
  int64_t bytes = 0;
  for (const PartSpec& part : PartsOf(spec, 1, classes)) {
    bytes += static_cast<int64_t>(ByteWidth(part.dtype)) * (part.shape.size() == 2 ? classes : 1);
  }
  return bytes;
}

std::vector<PartSpec> PartsOf(const TargetSpec& spec, int64_t rows, int64_t classes) {
  switch (spec.encoding) {
    case TargetEncoding::kDenseF32:
      return {{DType::kFloat32, {rows, classes}}};
    case TargetEncoding::kDenseF16:
      return {{DType::kFloat16, {rows, classes}}, {DType::kFloat32, {rows}}};
    case TargetEncoding::kDenseBF16:
      return {{DType::kBFloat16, {rows, classes}}, {DType::kFloat32, {rows}}};
    default:
      return {};
  }
}

absl::Status Validate(const EncodedTargets& targets) {
  RETURN_IF_ERROR(Validate(targets.spec, targets.classes));
  if (targets.rows < 0) {
    return absl::InvalidArgumentError(absl::StrCat("rows must be ≥ 0, not ", targets.rows));
  }
  const std::vector<PartSpec> wanted = PartsOf(targets.spec, targets.rows, targets.classes);
  const std::string prefix = absl::StrCat("targets as ", Name(targets.spec.encoding));
  if (targets.parts.size() != wanted.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(prefix, " have ", wanted.size(), " parts, not ", targets.parts.size()));
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    const HostTensor& part = targets.parts[i];
    if (part.dtype != wanted[i].dtype || part.shape != wanted[i].shape) {
      return absl::InvalidArgumentError(absl::StrCat(
          prefix, ": part ", i, " must be ", Name(wanted[i].dtype), ToString(wanted[i].shape),
          ", not ", Name(part.dtype), ToString(part.shape)));
    }
    if (absl::Status valid = part.Validate(); !valid.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(prefix, ": part ", i, ": ", valid.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace distill
