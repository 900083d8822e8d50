#include "common/contract/target_spec.h"

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/known_names.h"
#include "common/base/status_macros.h"
#include "common/contract/bit_packing.h"

namespace distill {
namespace {

struct EncodingInfo {
  TargetEncoding encoding;
  absl::string_view name;
  bool has_k;
  bool has_draws;
};

// In the enum's order.
constexpr EncodingInfo kEncodings[] = {
    {TargetEncoding::kDenseF32, "f32", false, false},
    {TargetEncoding::kDenseF16, "f16", false, false},
    {TargetEncoding::kDenseBF16, "bf16", false, false},
    {TargetEncoding::kTopK, "top_k", true, false},
    {TargetEncoding::kSampled, "sampled", false, true},
    {TargetEncoding::kHeadSampled, "head_sampled", true, true},
};

const EncodingInfo* Find(TargetEncoding encoding) {
  for (const EncodingInfo& info : kEncodings) {
    if (info.encoding == encoding) return &info;
  }
  return nullptr;
}

std::vector<std::string> EncodingNames(OutputKind kind = OutputKind::kLogits) {
  std::vector<std::string> names;
  for (const EncodingInfo& info : kEncodings) {
    const bool dense = !info.has_k && !info.has_draws;
    if (dense || kind == OutputKind::kLogits) names.emplace_back(info.name);
  }
  return names;
}

absl::Status CheckParameter(absl::string_view parameter, int32_t value, bool has, int64_t largest,
                            TargetEncoding encoding) {
  const bool valid = has ? value >= 1 && value <= largest : value == 0;
  if (valid) return absl::OkStatus();
  return InvalidField(parameter, value,
                      absl::StrCat(has ? absl::StrCat("1 to ", largest) : "0",
                                   " with the encoding ", Name(encoding)));
}

// Returns the part with the ids and the parts with their probabilities and counts.
std::vector<PartSpec> SparseParts(const TargetSpec& spec, int64_t rows, int64_t classes) {
  std::vector<PartSpec> parts = {
      {"ids", DType::kUint8, {rows, PackedBytes(int64_t{spec.k} + spec.draws, IdBits(classes))}}};
  if (HasK(spec.encoding)) {
    parts.push_back({"log_probabilities", DType::kFloat16, {rows, spec.k}});
    parts.push_back({"tail", DType::kFloat16, {rows}});
  }
  if (HasDraws(spec.encoding)) {
    parts.push_back({"counts", DType::kUint8, {rows, PackedBytes(spec.draws, CountBits(spec))}});
  }
  return parts;
}

}  // namespace

absl::string_view Name(TargetEncoding encoding) {
  const EncodingInfo* info = Find(encoding);
  return info == nullptr ? "unknown" : info->name;
}

bool HasK(TargetEncoding encoding) {
  const EncodingInfo* info = Find(encoding);
  return info != nullptr && info->has_k;
}

bool HasDraws(TargetEncoding encoding) {
  const EncodingInfo* info = Find(encoding);
  return info != nullptr && info->has_draws;
}

absl::StatusOr<TargetEncoding> ParseTargetEncoding(absl::string_view name) {
  for (const EncodingInfo& info : kEncodings) {
    if (info.name == name) return info.encoding;
  }
  return InvalidValue("the target encoding", absl::StrCat("'", name, "'"),
                      DescribeKnownNames(name, EncodingNames()));
}

std::vector<TargetEncoding> AllEncodings() {
  std::vector<TargetEncoding> all;
  for (const EncodingInfo& info : kEncodings) all.push_back(info.encoding);
  return all;
}

int IdBits(int64_t classes) { return BitsFor(classes - 1); }
int CountBits(const TargetSpec& spec) { return BitsFor(spec.draws); }

absl::Status Validate(const TargetSpec& spec, int64_t classes) {
  const EncodingInfo* info = Find(spec.encoding);
  if (info == nullptr) {
    return InvalidValue("the target encoding", static_cast<int>(spec.encoding),
                        AnyOf(EncodingNames()));
  }
  if (spec.kind != OutputKind::kLogits && (info->has_k || info->has_draws)) {
    return InvalidValue(absl::StrCat("the encoding of ", Name(spec.kind)), info->name,
                        AnyOf(EncodingNames(spec.kind)));
  }
  if (classes < 1 || classes > kMaxClasses) {
    return InvalidValue(
        spec.kind == OutputKind::kLogits ? "the number of classes" : "the width of the output",
        classes, absl::StrCat("1 to ", kMaxClasses));
  }
  // At least one class must remain outside the head, since the draws come from there.
  const int64_t largest_k = info->has_draws ? classes - 1 : classes;
  RETURN_IF_ERROR(CheckParameter("k", spec.k, info->has_k, largest_k, spec.encoding));
  return CheckParameter("draws", spec.draws, info->has_draws, kMaxDraws, spec.encoding);
}

int64_t BytesPerRow(const TargetSpec& spec, int64_t classes) {
  int64_t bytes = 0;
  for (const PartSpec& part : PartsOf(spec, 1, classes)) {
    bytes +=
        static_cast<int64_t>(ByteWidth(part.dtype)) * (part.shape.size() == 2 ? part.shape[1] : 1);
  }
  return bytes;
}

std::vector<PartSpec> PartsOf(const TargetSpec& spec, int64_t rows, int64_t classes) {
  if (spec.kind != OutputKind::kLogits) {
    const DType dtype = spec.encoding == TargetEncoding::kDenseF32   ? DType::kFloat32
                        : spec.encoding == TargetEncoding::kDenseF16 ? DType::kFloat16
                                                                     : DType::kBFloat16;
    return {{"values", dtype, {rows, classes}}};
  }
  switch (spec.encoding) {
    case TargetEncoding::kDenseF32:
      return {{"logits", DType::kFloat32, {rows, classes}}};
    case TargetEncoding::kDenseF16:
      return {{"logits", DType::kFloat16, {rows, classes}}, {"maximum", DType::kFloat32, {rows}}};
    case TargetEncoding::kDenseBF16:
      return {{"logits", DType::kBFloat16, {rows, classes}}, {"maximum", DType::kFloat32, {rows}}};
    default:
      return SparseParts(spec, rows, classes);
  }
}

absl::Status Validate(const EncodedTargets& targets) {
  RETURN_IF_ERROR(Validate(targets.spec, targets.classes));
  if (targets.rows < 0) return InvalidValue("the number of rows", targets.rows, "0 or more");
  const std::vector<PartSpec> wanted = PartsOf(targets.spec, targets.rows, targets.classes);
  const std::string prefix = absl::StrCat("targets as ", Name(targets.spec.encoding));
  if (targets.parts.size() != wanted.size()) {
    return InvalidValue(absl::StrCat(prefix, ": the number of parts"), targets.parts.size(),
                        wanted.size());
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    const HostTensor& part = targets.parts[i];
    if (part.dtype != wanted[i].dtype || part.shape != wanted[i].shape) {
      return InvalidValue(absl::StrCat(prefix, ": ", wanted[i].name),
                          absl::StrCat(Name(part.dtype), ToString(part.shape)),
                          absl::StrCat(Name(wanted[i].dtype), ToString(wanted[i].shape)));
    }
    RETURN_IF_ERROR(part.Validate(), prefix, ": ", wanted[i].name);
  }
  return absl::OkStatus();
}

}  // namespace distill
