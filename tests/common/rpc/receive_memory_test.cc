#include "common/rpc/receive_memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstring>
#include <memory>
#include <vector>

#include "absl/base/config.h"

namespace distill {
namespace {

constexpr size_t kPiece = 64 << 10;
constexpr size_t kPieces = 64;  // 4 MiB
constexpr size_t kPage = 4 << 10;

// Returns the page faults of this thread while memory is allocated as for messages, written and
// freed.
long FaultsOfAMessage() {
  rusage before = {}, after = {};
  getrusage(RUSAGE_THREAD, &before);
  {
    std::vector<std::unique_ptr<char[]>> pieces;
    for (size_t i = 0; i < kPieces; ++i) {
      pieces.emplace_back(new char[kPiece]);
      std::memset(pieces.back().get(), static_cast<int>(i), kPiece);
    }
  }
  getrusage(RUSAGE_THREAD, &after);
  return after.ru_minflt - before.ru_minflt;
}

TEST(ReceiveMemoryTest, TheNextMessageTakesTheMemoryOfTheLast) {
#if defined(ABSL_HAVE_ADDRESS_SANITIZER) || defined(ABSL_HAVE_THREAD_SANITIZER)
  GTEST_SKIP() << "a sanitizer's own malloc keeps what is freed for itself";
#endif
  KeepReceiveMemory();
  FaultsOfAMessage();
  EXPECT_LT(FaultsOfAMessage(), static_cast<long>(kPieces * kPiece / kPage / 10));
}

}  // namespace
}  // namespace distill
