#include "common/rpc/receive_memory.h"

#include <cstdlib>

namespace distill {
namespace {

// glibc learns from what is freed: after a block of this size it keeps twice as much of each arena.
// As whatever frees a large tensor does; mallopt would end the learning (man 3 mallopt,
// M_MMAP_THRESHOLD), which LibTorch needs.
constexpr size_t kFreedBytes = 4 << 20;

bool FreeBlock() {
  void* volatile block = std::malloc(kFreedBytes);  // volatile: or the compiler leaves both out
  std::free(block);
  return true;
}

}  // namespace

void KeepReceiveMemory() {
  static const bool freed = FreeBlock();
  static_cast<void>(freed);
}

}  // namespace distill
