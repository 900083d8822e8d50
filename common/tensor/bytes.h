// Bytes is immutable memory that is shared instead of copied, and may consist of several pieces.
//
// Data received over gRPC is a chain of slices; the memory of a tensor is one piece. Both pass
// through the layers as Bytes, and become contiguous once, where they are used (CopyTo).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace distill {

// Copies share the memory. Const methods may be called from several threads at once.
class Bytes {
 public:
  using Piece = absl::Span<const uint8_t>;

  Bytes() = default;

  // Takes over the string's memory.
  static Bytes FromString(std::string contents);

  // Refers to memory that stays valid and unchanged while `owner` lives.
  static Bytes Wrap(std::shared_ptr<const void> owner, Piece piece);

  // Appends the pieces of `other`.
  void Append(Bytes other);

  // Returns a view of [offset, offset + size), which must be within bounds; it shares the memory.
  Bytes Slice(size_t offset, size_t size) const;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // The pieces in order, none empty.
  size_t num_pieces() const { return pieces_.size(); }
  Piece piece(size_t i) const { return pieces_[i].bytes; }
  const std::shared_ptr<const void>& owner(size_t i) const { return pieces_[i].owner; }

  // Writes all size() bytes, contiguously.
  void CopyTo(void* destination) const;

  // Returns the same bytes in one piece: this object if it has at most one piece, otherwise a copy.
  Bytes Contiguous() const;

  std::string ToString() const;

 private:
  struct OwnedPiece {
    std::shared_ptr<const void> owner;
    Piece bytes;
  };
  std::vector<OwnedPiece> pieces_;
  size_t size_ = 0;
};

bool operator==(const Bytes& a, const Bytes& b);

}  // namespace distill
