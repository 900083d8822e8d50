#include "common/rpc/wire.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <grpcpp/support/slice.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

using google::protobuf::internal::WireFormatLite;

// The same bound as in the parser of protobuf, so that both accept the same frames.
constexpr int kMaxTagBytes = 5;
constexpr int kMaxLengthBytes = 5;
constexpr int kMaxVarintBytes = 10;

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("malformed message: ", what));
}

absl::Status HeaderTooLong() {
  return Malformed(
      absl::StrCat("it has more than ", kMaxHeaderBytes, " bytes in addition to its payloads"));
}

// Walks over the slices of a frame as if they were one piece of memory. An end past the last byte
// is an error of every method.
class FrameScanner {
 public:
  explicit FrameScanner(const std::vector<grpc::Slice>& slices) {
    for (const grpc::Slice& slice : slices) {
      if (slice.size() == 0) continue;
      // A short slice keeps its bytes inside the object, so the object itself must stay where it
      // is.
      auto owner = std::make_shared<grpc::Slice>(slice);
      const Bytes::Piece piece(owner->begin(), owner->size());
      slices_.push_back({std::move(owner), piece});
      remaining_ += piece.size();
    }
  }

  uint64_t remaining() const { return remaining_; }

  // Reads a varint of at most `max_bytes` bytes and appends its bytes unchanged to `copy`.
  absl::StatusOr<uint64_t> ReadVarint(int max_bytes, std::string* copy) {
    uint64_t value = 0;
    for (int i = 0; i < max_bytes; ++i) {
      if (remaining_ == 0) return Malformed("it ends within a tag, a length or a number");
      const uint8_t byte = slices_[slice_].bytes[offset_];
      Advance(1);
      copy->push_back(static_cast<char>(byte));
      value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
      if (byte < 0x80) return value;
    }
    return Malformed("a tag, a length or a number is longer than any can be");
  }

  // Returns the next `size` ≤ remaining() bytes, sharing the slices.
  Bytes Take(size_t size) {
    Bytes taken;
    ForNext(size, [&](const OwnedSlice& slice, Bytes::Piece piece) {
      taken.Append(Bytes::Wrap(slice.owner, piece));
    });
    return taken;
  }

  // Appends the next `size` bytes to `copy`.
  absl::Status Copy(uint64_t size, std::string* copy) {
    if (size > remaining_) return Malformed("a field ends after the message");
    if (size + copy->size() > kMaxHeaderBytes) {
      return HeaderTooLong();
    }
    ForNext(size, [&](const OwnedSlice&, Bytes::Piece piece) {
      copy->append(reinterpret_cast<const char*>(piece.data()), piece.size());
    });
    return absl::OkStatus();
  }

 private:
  struct OwnedSlice {
    std::shared_ptr<grpc::Slice> owner;
    Bytes::Piece bytes;
  };

  void Advance(size_t size) {
    offset_ += size;
    remaining_ -= size;
    if (offset_ == slices_[slice_].bytes.size()) {
      ++slice_;
      offset_ = 0;
    }
  }

  template <typename Visit>
  void ForNext(size_t size, const Visit& visit) {
    while (size > 0) {
      const OwnedSlice& slice = slices_[slice_];
      const Bytes::Piece piece = slice.bytes.subspan(offset_, size);
      visit(slice, piece);
      size -= piece.size();
      Advance(piece.size());
    }
  }

  std::vector<OwnedSlice> slices_;
  size_t slice_ = 0;
  size_t offset_ = 0;  // within slices_[slice_]
  uint64_t remaining_ = 0;
};

// Appends the rest of a field that is not a payload, after its tag, to `header`.
absl::Status CopyField(FrameScanner& scanner, uint32_t wire_type, std::string* header) {
  switch (wire_type) {
    case WireFormatLite::WIRETYPE_VARINT:
      return scanner.ReadVarint(kMaxVarintBytes, header).status();
    case WireFormatLite::WIRETYPE_FIXED64:
      return scanner.Copy(8, header);
    case WireFormatLite::WIRETYPE_FIXED32:
      return scanner.Copy(4, header);
    case WireFormatLite::WIRETYPE_LENGTH_DELIMITED: {
      ASSIGN_OR_RETURN(const uint64_t size, scanner.ReadVarint(kMaxLengthBytes, header));
      return scanner.Copy(size, header);
    }
    default:
      return Malformed(absl::StrCat("a field of wire type ", wire_type));
  }
}

grpc::Slice TagAndLength(size_t size) {
  uint8_t buffer[kMaxTagBytes + kMaxVarintBytes];
  uint8_t* end = WireFormatLite::WriteTagToArray(kPayloadField,
                                                 WireFormatLite::WIRETYPE_LENGTH_DELIMITED, buffer);
  end = google::protobuf::io::CodedOutputStream::WriteVarint64ToArray(size, end);
  return grpc::Slice(buffer, end - buffer);
}

// Returns a slice that refers to the piece and keeps its owner alive.
grpc::Slice SharedSlice(const Bytes& bytes, size_t i) {
  auto* owner = new std::shared_ptr<const void>(bytes.owner(i));
  const Bytes::Piece piece = bytes.piece(i);
  return grpc::Slice(
      const_cast<uint8_t*>(piece.data()), piece.size(),
      [](void* user_data) { delete static_cast<std::shared_ptr<const void>*>(user_data); }, owner);
}

}  // namespace

grpc::ByteBuffer WriteFrame(const google::protobuf::MessageLite& header,
                            absl::Span<const Bytes> payloads) {
  std::vector<grpc::Slice> slices;
  slices.emplace_back(header.SerializeAsString());
  for (const Bytes& payload : payloads) {
    slices.push_back(TagAndLength(payload.size()));
    for (size_t i = 0; i < payload.num_pieces(); ++i) slices.push_back(SharedSlice(payload, i));
  }
  return grpc::ByteBuffer(slices.data(), slices.size());
}

absl::Status ReadFrame(const grpc::ByteBuffer& frame, google::protobuf::MessageLite* header,
                       std::vector<Bytes>* payloads) {
  payloads->clear();
  std::vector<grpc::Slice> slices;
  if (!frame.Valid() || !frame.Dump(&slices).ok()) return Malformed("it has no bytes");

  FrameScanner scanner(slices);
  std::string header_bytes;
  while (scanner.remaining() > 0) {
    const size_t field_begin = header_bytes.size();
    // Five bytes hold 35 bits; protobuf also ignores the upper three.
    ASSIGN_OR_RETURN(const uint32_t tag, scanner.ReadVarint(kMaxTagBytes, &header_bytes));
    const uint32_t number = tag >> 3;
    const uint32_t wire_type = tag & 7;
    if (number == 0) return Malformed("field number 0");
    if (number != kPayloadField) {
      RETURN_IF_ERROR(CopyField(scanner, wire_type, &header_bytes));
      continue;
    }
    if (wire_type != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      return Malformed(absl::StrCat("a payload of wire type ", wire_type));
    }
    ASSIGN_OR_RETURN(const uint64_t size, scanner.ReadVarint(kMaxLengthBytes, &header_bytes));
    header_bytes.resize(field_begin);  // excludes tag and length of the payload
    if (size > scanner.remaining()) return Malformed("a payload ends after the message");
    if (payloads->size() == kMaxPayloads) {
      return Malformed(absl::StrCat("it has more than ", kMaxPayloads, " payloads"));
    }
    payloads->push_back(scanner.Take(size));
  }
  if (header_bytes.size() > kMaxHeaderBytes) return HeaderTooLong();
  if (!header->ParseFromString(header_bytes)) return Malformed("its header cannot be parsed");
  return absl::OkStatus();
}

}  // namespace distill
