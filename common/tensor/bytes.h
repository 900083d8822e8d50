// Bytes: immutable memory that is shared, never copied, and may lie in several pieces.
//
// What arrives over gRPC is a chain of slices; a tensor's own memory is one piece. Both travel
// through the layers as Bytes, and become contiguous once, where they are used (CopyTo).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace distill {

// Copying shares the memory. Thread-safe as any value is: const calls from many threads.
class Bytes {
 public:
  using Piece = absl::Span<const uint8_t>;

  Bytes() = default;

  // Takes over the string's memory.
  static Bytes FromString(std::string contents);

  // Refers to memory that stays valid and unchanged while `owner` lives.
  static Bytes Wrap(std::shared_ptr<const void> owner, Piece piece);

  // Adds the other's pieces behind this one's.
  void Append(Bytes other);

  // A view of [offset, offset + size), which must lie within; shares the memory.
  Bytes Slice(size_t offset, size_t size) const;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // The pieces in order, none empty.
  size_t num_pieces() const { return pieces_.size(); }
  Piece piece(size_t i) const { return pieces_[i].bytes; }
  const std::shared_ptr<const void>& owner(size_t i) const { return pieces_[i].owner; }

  // Writes all size() bytes, contiguously.
  void CopyTo(void* destination) const;

  // The same bytes in one piece: itself where that is so already, else a copy.
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
