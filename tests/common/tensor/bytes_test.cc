#include "common/tensor/bytes.h"

#include <gmock/gmock.h>

#include <memory>
#include <string>

#include "common/base/random.h"

namespace distill {
namespace {

// Returns the text in pieces of random sizes.
Bytes Cut(const std::string& text, SplitMix64& random) {
  Bytes bytes;
  for (size_t at = 0; at < text.size();) {
    const size_t size = random.Below(std::min<size_t>(5, text.size() - at) + 1);
    bytes.Append(Bytes::FromString(text.substr(at, size)));
    at += size;
  }
  return bytes;
}

TEST(BytesTest, NothingHasNoPieces) {
  for (const Bytes& bytes : {Bytes(), Bytes::FromString(""), Bytes::Wrap(nullptr, {})}) {
    EXPECT_TRUE(bytes.empty());
    EXPECT_EQ(bytes.num_pieces(), 0u);
    EXPECT_EQ(bytes.ToString(), "");
    EXPECT_TRUE(bytes.Slice(0, 0).empty());
    EXPECT_TRUE(bytes.Contiguous().empty());
    EXPECT_TRUE(bytes == Bytes());
    bytes.CopyTo(nullptr);
  }
}

TEST(BytesTest, FromStringTakesTheMemory) {
  std::string text(1000, 'x');
  const char* memory = text.data();
  const Bytes bytes = Bytes::FromString(std::move(text));
  EXPECT_EQ(reinterpret_cast<const char*>(bytes.piece(0).data()), memory);
}

TEST(BytesTest, TheOwnerLivesAsLongAsAnySlice) {
  auto owner = std::make_shared<const std::string>("hello");
  const std::weak_ptr<const std::string> watch = owner;
  Bytes slice;
  {
    const Bytes bytes = Bytes::Wrap(
        owner, Bytes::Piece(reinterpret_cast<const uint8_t*>(owner->data()), owner->size()));
    slice = bytes.Slice(1, 3);
  }
  owner.reset();
  EXPECT_EQ(slice.ToString(), "ell");
  slice = Bytes();
  EXPECT_TRUE(watch.expired());
}

TEST(BytesTest, AppendingToItselfDoublesIt) {
  Bytes bytes = Bytes::FromString("ab");
  bytes.Append(bytes);
  EXPECT_EQ(bytes.ToString(), "abab");
  EXPECT_EQ(bytes.size(), 4u);
}

TEST(BytesTest, ContiguousCopiesOnlySeveralPieces) {
  Bytes bytes = Bytes::FromString("ab");
  EXPECT_EQ(bytes.Contiguous().piece(0).data(), bytes.piece(0).data());
  bytes.Append(Bytes::FromString("cd"));
  const Bytes joined = bytes.Contiguous();
  EXPECT_EQ(joined.num_pieces(), 1u);
  EXPECT_EQ(joined.ToString(), "abcd");
}

// However Bytes are divided into pieces, they behave like the string that the pieces form.
TEST(BytesTest, PiecesDoNotShow) {
  const std::string text = "the quick brown fox jumps over the lazy dog";
  SplitMix64 random(1);
  for (int trial = 0; trial < 200; ++trial) {
    const Bytes bytes = Cut(text, random);
    ASSERT_EQ(bytes.size(), text.size());
    ASSERT_EQ(bytes.ToString(), text);
    ASSERT_TRUE(bytes == Cut(text, random));

    const size_t offset = random.Below(text.size() + 1);
    const size_t size = random.Below(text.size() - offset + 1);
    const Bytes slice = bytes.Slice(offset, size);
    ASSERT_EQ(slice.size(), size);
    ASSERT_EQ(slice.ToString(), text.substr(offset, size));
    for (size_t i = 0; i < slice.num_pieces(); ++i) ASSERT_FALSE(slice.piece(i).empty());
    std::string copy(size, '\0');
    slice.CopyTo(copy.data());
    ASSERT_EQ(copy, text.substr(offset, size));

    std::string other = text;
    other[random.Below(text.size())] ^= 1;
    ASSERT_FALSE(bytes == Cut(other, random));
    ASSERT_FALSE(bytes == Cut(text + "!", random));
  }
}

}  // namespace
}  // namespace distill
