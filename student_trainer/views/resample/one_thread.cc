#include "student_trainer/views/resample/one_thread.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>

namespace distill {
namespace {

void SetThreadsHere(int threads) {
  static const auto set =
      reinterpret_cast<void (*)(int)>(::dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
  if (set != nullptr) set(threads);
}

}  // namespace

// Calling at::get_num_threads() makes LibTorch initialise this thread, so it does not set the
// number of threads again later.
OneThread::OneThread() : before_(at::get_num_threads()) { SetThreadsHere(1); }

OneThread::~OneThread() { SetThreadsHere(before_); }

}  // namespace distill
