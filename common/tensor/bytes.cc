#include "common/tensor/bytes.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace distill {

Bytes Bytes::FromString(std::string contents) {
  auto owner = std::make_shared<const std::string>(std::move(contents));
  const Piece piece(reinterpret_cast<const uint8_t*>(owner->data()), owner->size());
  return Wrap(std::move(owner), piece);
}

Bytes Bytes::Wrap(std::shared_ptr<const void> owner, Piece piece) {
  Bytes bytes;
  if (!piece.empty()) {
    bytes.size_ = piece.size();
    bytes.pieces_.push_back({std::move(owner), piece});
  }
  return bytes;
}

void Bytes::Append(Bytes other) {
  pieces_.reserve(pieces_.size() + other.pieces_.size());
  for (OwnedPiece& piece : other.pieces_) pieces_.push_back(std::move(piece));
  size_ += other.size_;
}

Bytes Bytes::Slice(size_t offset, size_t size) const {
  assert(offset <= size_ && size <= size_ - offset);
  Bytes slice;
  for (const OwnedPiece& piece : pieces_) {
    if (slice.size_ == size) break;
    if (offset >= piece.bytes.size()) {
      offset -= piece.bytes.size();
      continue;
    }
    const Piece part = piece.bytes.subspan(offset, size - slice.size_);
    slice.pieces_.push_back({piece.owner, part});
    slice.size_ += part.size();
    offset = 0;
  }
  return slice;
}

void Bytes::CopyTo(void* destination) const {
  auto* to = static_cast<uint8_t*>(destination);
  for (const OwnedPiece& piece : pieces_) {
    std::memcpy(to, piece.bytes.data(), piece.bytes.size());
    to += piece.bytes.size();
  }
}

Bytes Bytes::Contiguous() const {
  if (pieces_.size() <= 1) return *this;
  return FromString(ToString());
}

std::string Bytes::ToString() const {
  std::string contents;
  contents.reserve(size_);
  for (const OwnedPiece& piece : pieces_) {
    contents.append(reinterpret_cast<const char*>(piece.bytes.data()), piece.bytes.size());
  }
  return contents;
}

bool operator==(const Bytes& a, const Bytes& b) {
  if (a.size() != b.size()) return false;
  // Compares runs up to the next piece boundary of either side.
  size_t index_a = 0, index_b = 0;
  Bytes::Piece rest_a, rest_b;
  for (size_t compared = 0; compared < a.size();) {
    if (rest_a.empty()) rest_a = a.piece(index_a++);
    if (rest_b.empty()) rest_b = b.piece(index_b++);
    const size_t run = std::min(rest_a.size(), rest_b.size());
    if (std::memcmp(rest_a.data(), rest_b.data(), run) != 0) return false;
    rest_a.remove_prefix(run);
    rest_b.remove_prefix(run);
    compared += run;
  }
  return true;
}

}  // namespace distill
