#include "student_trainer/resample/one_thread.h"

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

// Asking LibTorch initialises this thread: it will not set the number anew.
OneThread::OneThread() : before_(at::get_num_threads()) { SetThreadsHere(1); }

OneThread::~OneThread() { SetThreadsHere(before_); }

}  // namespace distill
