#include "student_trainer/data/idx_file.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "common/base/files.h"
#include "common/base/status_macros.h"
#include "student_trainer/data/gzip.h"

namespace distill {
namespace {

constexpr uint32_t kLabelsMagic = 0x00000801;
constexpr uint32_t kImagesMagic = 0x00000803;
constexpr uint32_t kImagesWithChannelsMagic = 0x00000804;
constexpr size_t kFieldBytes = 4;
constexpr size_t kMaxHeaderBytes = kFieldBytes * (1 + 4);

struct IdxHeader {
  Shape shape;  // as ReadIdx returns it
  size_t header_bytes = 0;
  size_t element_bytes = 0;
};

uint32_t BigEndian32(absl::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < kFieldBytes; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

absl::string_view Describe(uint32_t magic) {
  switch (magic) {
    case kLabelsMagic:
      return " (IDX labels)";
    case kImagesMagic:
    case kImagesWithChannelsMagic:
      return " (IDX images)";
    default:
      return "";
  }
}

absl::Status CheckMagic(uint32_t magic, IdxKind kind) {
  if (kind == IdxKind::kLabels) {
    if (magic == kLabelsMagic) return absl::OkStatus();
    return absl::DataLossError(
        absl::StrFormat("the magic number is 0x%08x%s, expected that of uint8 IDX labels, 0x%08x",
                        magic, Describe(magic), kLabelsMagic));
  }
  if (magic == kImagesMagic || magic == kImagesWithChannelsMagic) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrFormat("the magic number is 0x%08x%s, expected that of uint8 IDX images, 0x%08x "
                      "([n, height, width]) "
                      "or 0x%08x ([n, channels, height, width])",
                      magic, Describe(magic), kImagesMagic, kImagesWithChannelsMagic));
}

// `prefix`: the first kMaxHeaderBytes, fewer where there are no more.
absl::StatusOr<IdxHeader> ParseHeader(absl::string_view prefix, IdxKind kind) {
  if (prefix.size() < kFieldBytes) {
    return absl::DataLossError(
        absl::StrCat("it holds ", prefix.size(), " bytes, too few for an IDX magic number"));
  }
  const uint32_t magic = BigEndian32(prefix);
  RETURN_IF_ERROR(CheckMagic(magic, kind));
  const size_t rank = magic & 0xff;
  IdxHeader header;
  header.header_bytes = kFieldBytes * (1 + rank);
  if (prefix.size() < header.header_bytes) {
    return absl::DataLossError(absl::StrCat("it holds ", prefix.size(),
                                            " bytes, its IDX header has ", header.header_bytes));
  }
  for (size_t i = 1; i <= rank; ++i) {
    header.shape.push_back(BigEndian32(prefix.substr(kFieldBytes * i)));
  }
  if (magic == kImagesMagic) header.shape.insert(header.shape.begin() + 1, 1);
  const absl::StatusOr<size_t> element_bytes = ByteSize(DType::kUint8, header.shape);
  if (!element_bytes.ok()) {
    return absl::DataLossError(absl::StrCat("the header announces impossible dimensions: ",
                                            element_bytes.status().message()));
  }
  header.element_bytes = *element_bytes;
  return header;
}

absl::StatusOr<HostTensor> Parse(std::string contents, IdxKind kind) {
  const bool compressed = IsGzip(contents);
  std::string prefix = contents.substr(0, kMaxHeaderBytes);
  if (compressed) {
    ASSIGN_OR_RETURN(prefix, GunzipPrefix(contents, kMaxHeaderBytes));
  }
  ASSIGN_OR_RETURN(const IdxHeader header, ParseHeader(prefix, kind));
  const size_t total = header.header_bytes + header.element_bytes;
  Bytes bytes;
  if (compressed) {
    absl::StatusOr<Bytes> inflated = Gunzip(contents, total);
    if (!inflated.ok()) {
      return absl::Status(inflated.status().code(),
                          absl::StrCat(inflated.status().message(), " (the header announces ",
                                       ToString(header.shape), ")"));
    }
    bytes = *std::move(inflated);
  } else {
    if (contents.size() != total) {
      return absl::DataLossError(absl::StrCat("it is ", contents.size(), " bytes long, expected ",
                                              total, " (the header announces ",
                                              ToString(header.shape), ")"));
    }
    bytes = Bytes::FromString(std::move(contents));
  }
  return HostTensor{DType::kUint8, header.shape,
                    bytes.Slice(header.header_bytes, header.element_bytes)};
}

}  // namespace

absl::StatusOr<HostTensor> ReadIdx(const std::filesystem::path& path, IdxKind kind) {
  ASSIGN_OR_RETURN(std::string contents, ReadFile(path));
  absl::StatusOr<HostTensor> tensor = Parse(std::move(contents), kind);
  if (!tensor.ok()) {
    return absl::Status(tensor.status().code(),
                        absl::StrCat(path.string(), ": ", tensor.status().message()));
  }
  return tensor;
}

}  // namespace distill
