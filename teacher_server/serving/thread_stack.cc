// Room for threads whose library asked for a small stack.
//
// Civetweb, which serves the metrics, gives its threads 100 KiB. glibc takes the static
// thread-local storage of all libraries from that (bug 11787), and OpenBLAS alone has 60 KiB of it:
// on Debian 13 the first scrape overflowed the rest. Neither civetweb nor prometheus-cpp has an
// option for it.
#include <dlfcn.h>
#include <pthread.h>

#include <algorithm>
#include <cstddef>

namespace {

constexpr size_t kSmallestStack = size_t{1} << 20;

}  // namespace

// In the place of glibc's, for every library of the process.
extern "C" __attribute__((visibility("default"))) int pthread_attr_setstacksize(
    pthread_attr_t* attributes, size_t bytes) noexcept {
  using Function = int (*)(pthread_attr_t*, size_t);
  static const auto real =
      reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "pthread_attr_setstacksize"));
  return real(attributes, std::max(bytes, kSmallestStack));
}
