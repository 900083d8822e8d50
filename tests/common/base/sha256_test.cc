#include "common/base/sha256.h"

#include <gtest/gtest.h>

namespace distill {
namespace {

// The examples of FIPS 180-4 as NIST publishes them.
struct Vector {
  std::string message;
  std::string digest;
};

TEST(Sha256Test, GivesThePublishedDigests) {
  const Vector vectors[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {std::string(1'000'000, 'a'),
       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  };
  for (const Vector& vector : vectors) {
    EXPECT_EQ(Sha256Hex(vector.message), vector.digest) << vector.message.substr(0, 60);
  }
}

TEST(Sha256Test, HowTheBytesAreCutDoesNotMatter) {
  const std::string message(1000, 'x');
  for (const size_t piece : {1, 7, 63, 64, 65, 999}) {
    Sha256 hash;
    for (size_t at = 0; at < message.size(); at += piece) hash.Update(message.substr(at, piece));
    EXPECT_EQ(hash.HexDigest(), Sha256Hex(message)) << piece;
  }
}

}  // namespace
}  // namespace distill
