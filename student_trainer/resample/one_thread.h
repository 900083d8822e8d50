// OneThread: while it lives, LibTorch does not split this thread's operations between threads.
//
// Each thread that has an operation split gets a team of OpenMP's of its own, which stays: eight
// loaders of eight threads. at::set_num_threads would not do, since threads that have not computed
// yet, such as the trainer's, take its last number too. OpenMP keeps a number for each thread, and
// the copy of OpenMP that LibTorch brings is asked to set it. What MKL splits by itself (matrix
// products, sines) is not covered; resampling is none of that.
#pragma once

namespace distill {

// Lives and dies in one thread. Where LibTorch is built without OpenMP it does nothing.
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
