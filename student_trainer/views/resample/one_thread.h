// While a OneThread exists, LibTorch does not split the operations of its thread between threads.
//
// Each thread whose operations are split gets its own permanent team of OpenMP threads; eight
// loaders would have eight threads each. at::set_num_threads is not an alternative, since threads
// that have not computed yet, such as the thread of the trainer, also use the number that it was
// last given. OpenMP keeps one number per thread, and OneThread sets it in the copy of OpenMP that
// LibTorch uses. Operations that MKL splits by itself (matrix products, sines) are not covered;
// resampling does not use them.
#pragma once

namespace distill {

// Must be created and destroyed in the same thread. Does nothing if LibTorch was built without
// OpenMP.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  const int before_;
};

}  // namespace distill
