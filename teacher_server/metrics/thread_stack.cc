#include "teacher_server/metrics/thread_stack.h"

#include <dlfcn.h>
#include <pthread.h>

#include <algorithm>

extern "C" __attribute__((visibility("default"))) int pthread_attr_setstacksize(
    pthread_attr_t* attributes, size_t bytes) noexcept {
  using Function = int (*)(pthread_attr_t*, size_t);
  static const auto real =
      reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "pthread_attr_setstacksize"));
  return real(attributes, std::max(bytes, distill::kSmallestThreadStack));
}
