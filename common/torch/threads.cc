#include "common/torch/threads.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>

#include <algorithm>
#include <mutex>
#include <thread>
#include <utility>

namespace distill {

int SetThreads(int threads) {
  if (threads <= 0) threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  at::set_num_threads(threads);
  // LibTorch throws if this is set twice.
  static std::once_flag once;
  std::call_once(once, [] { at::set_num_interop_threads(1); });
  if (void* set_openblas = ::dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) {
    reinterpret_cast<void (*)(int)>(set_openblas)(threads);
  }
  return threads;
}

void UseThreadsHere() {
  thread_local bool done = false;
  if (!std::exchange(done, true)) at::init_num_threads();
}

}  // namespace distill
