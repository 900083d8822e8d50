#include "common/rpc/receive_memory.h"

#include <cstdlib>

namespace distill {
namespace {

// glibc adapts to the blocks that are freed: after a block of this size it keeps twice as much free
// memory per arena. Freeing any large tensor has the same effect. Calling mallopt instead would end
// this adaptation (man 3 mallopt, M_MMAP_THRESHOLD), which LibTorch needs.
constexpr size_t kFreedBytes = 4 << 20;

bool FreeBlock() {
  void* volatile block = std::malloc(kFreedBytes);  // volatile, or the compiler would remove both
  std::free(block);
  return true;
}

}  // namespace

void KeepReceiveMemory() {
  static const bool freed = FreeBlock();
  static_cast<void>(freed);
}

}  // namespace distill
