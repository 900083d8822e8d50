#include "student_trainer/data/formats/idx_file.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/count.h"
#include "common/base/files.h"
#include "common/base/status_macros.h"
#include "student_trainer/data/formats/gzip.h"

namespace distill {
namespace {

constexpr uint32_t kLabelsMagic = 0x00000801;
constexpr uint32_t kImagesMagic = 0x00000803;
constexpr uint32_t kImagesWithChannelsMagic = 0x00000804;
constexpr size_t kFieldBytes = 4;
constexpr size_t kMaxHeaderBytes = kFieldBytes * (1 + 4);

// Plain files up to this size are read at once, since one read per sample would cost more than the
// copy.
constexpr size_t kMaxHeldBytes = size_t{256} << 20;

struct IdxHeader {
  Shape shape;  // as in IdxFile
  size_t header_bytes = 0;
  size_t element_bytes = 0;
};

uint32_t BigEndian32(absl::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < kFieldBytes; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

absl::string_view ContentsOf(uint32_t magic) {
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
        absl::StrFormat("the magic number is 0x%08x%s; must be that of uint8 IDX labels, 0x%08x",
                        magic, ContentsOf(magic), kLabelsMagic));
  }
  if (magic == kImagesMagic || magic == kImagesWithChannelsMagic) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrFormat("the magic number is 0x%08x%s; must be that of uint8 IDX images, 0x%08x "
                      "([n, height, width]) "
                      "or 0x%08x ([n, channels, height, width])",
                      magic, ContentsOf(magic), kImagesMagic, kImagesWithChannelsMagic));
}

// `prefix`: the first kMaxHeaderBytes, or fewer if the file is shorter.
absl::StatusOr<IdxHeader> ParseHeader(absl::string_view prefix, IdxKind kind) {
  if (prefix.size() < kFieldBytes) {
    return absl::DataLossError(absl::StrCat("it holds ",
                                            Count(static_cast<int64_t>(prefix.size()), "byte"),
                                            ", too few for an IDX magic number"));
  }
  const uint32_t magic = BigEndian32(prefix);
  RETURN_IF_ERROR(CheckMagic(magic, kind));
  const size_t rank = magic & 0xff;
  IdxHeader header;
  header.header_bytes = kFieldBytes * (1 + rank);
  if (prefix.size() < header.header_bytes) {
    return absl::DataLossError(absl::StrCat("it holds ",
                                            Count(static_cast<int64_t>(prefix.size()), "byte"),
                                            ", its IDX header has ", header.header_bytes));
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

// Returns the elements of a gzipped file.
absl::StatusOr<Bytes> Inflate(absl::string_view compressed, const IdxHeader& header) {
  ASSIGN_OR_RETURN(const Bytes inflated,
                   Gunzip(compressed, header.header_bytes + header.element_bytes),
                   "elements of shape ", ToString(header.shape));
  return inflated.Slice(header.header_bytes, header.element_bytes);
}

absl::Status CheckLength(uint64_t length, const IdxHeader& header) {
  const size_t expected = header.header_bytes + header.element_bytes;
  if (length == expected) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("the number of bytes is ", length, "; must be ", expected,
                                          " (the header announces ", ToString(header.shape), ")"));
}

}  // namespace

bool IsIdx(absl::string_view prefix) {
  return prefix.size() >= kFieldBytes && prefix[0] == 0 && prefix[1] == 0 && prefix[2] >= 0x08 &&
         prefix[2] <= 0x0e && prefix[3] >= 1 && prefix[3] <= 4;
}

IdxFile::IdxFile(Shape shape, RandomAccessFile file, size_t header_bytes, std::optional<Bytes> held)
    : shape_(std::move(shape)),
      file_(std::move(file)),
      header_bytes_(header_bytes),
      held_(std::move(held)) {}

absl::StatusOr<IdxFile> IdxFile::Open(const std::filesystem::path& path, IdxKind kind) {
  ASSIGN_OR_RETURN(RandomAccessFile file, RandomAccessFile::Open(path));
  std::string prefix(std::min<uint64_t>(file.size(), kMaxHeaderBytes), '\0');
  RETURN_IF_ERROR(file.ReadAt(0, {reinterpret_cast<uint8_t*>(prefix.data()), prefix.size()}));
  if (!IsGzip(prefix)) {
    ASSIGN_OR_RETURN(const IdxHeader header, ParseHeader(prefix, kind), path.string());
    RETURN_IF_ERROR(CheckLength(file.size(), header), path.string());
    std::optional<Bytes> held;
    if (header.element_bytes <= kMaxHeldBytes) {
      std::string elements(header.element_bytes, '\0');
      RETURN_IF_ERROR(file.ReadAt(header.header_bytes,
                                  {reinterpret_cast<uint8_t*>(elements.data()), elements.size()}));
      held = Bytes::FromString(std::move(elements));
    }
    return IdxFile(header.shape, std::move(file), header.header_bytes, std::move(held));
  }
  ASSIGN_OR_RETURN(const std::string compressed, ReadFile(path));
  ASSIGN_OR_RETURN(const std::string inflated_prefix, GunzipPrefix(compressed, kMaxHeaderBytes),
                   path.string());
  ASSIGN_OR_RETURN(const IdxHeader header, ParseHeader(inflated_prefix, kind), path.string());
  ASSIGN_OR_RETURN(Bytes elements, Inflate(compressed, header), path.string());
  return IdxFile(header.shape, std::move(file), header.header_bytes, std::move(elements));
}

absl::Status IdxFile::Read(size_t first, absl::Span<uint8_t> destination) const {
  if (!held_.has_value()) return file_.ReadAt(header_bytes_ + first, destination);
  if (first > held_->size() || destination.size() > held_->size() - first) {
    return absl::OutOfRangeError(absl::StrCat(file_.path().string(), ": ", destination.size(),
                                              " elements at ", first,
                                              " were asked for, and it has ", held_->size()));
  }
  if (!destination.empty()) {
    std::memcpy(destination.data(), held_->piece(0).data() + first, destination.size());
  }
  return absl::OkStatus();
}

absl::StatusOr<HostTensor> ReadIdx(const std::filesystem::path& path, IdxKind kind) {
  ASSIGN_OR_RETURN(const IdxFile file, IdxFile::Open(path, kind));
  ASSIGN_OR_RETURN(const size_t size, ByteSize(DType::kUint8, file.shape()));
  std::string elements(size, '\0');
  RETURN_IF_ERROR(file.Read(0, {reinterpret_cast<uint8_t*>(elements.data()), size}));
  return HostTensor{DType::kUint8, file.shape(), Bytes::FromString(std::move(elements))};
}

}  // namespace distill
