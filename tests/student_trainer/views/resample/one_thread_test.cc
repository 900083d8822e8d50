#include "student_trainer/views/resample/one_thread.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <filesystem>
#include <thread>

#include "gtest/gtest.h"

namespace distill {
namespace {

int64_t ThreadsOfThisProcess() {
  int64_t threads = 0;
  for ([[maybe_unused]] const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    ++threads;
  }
  return threads;
}

// Large enough that LibTorch would use every thread it may.
void Compute() { at::ones({2'000'000}, at::kInt).add_(1); }

TEST(OneThreadTest, OperationsUnderItStartNoThread) {
  at::set_num_threads(5);
  int64_t under = 0, without = 0, threads_under = 0;
  std::thread([&] {
    const int64_t before = ThreadsOfThisProcess();
    {
      const OneThread one_thread;
      threads_under = at::get_num_threads();
      Compute();
      under = ThreadsOfThisProcess() - before;
    }
    Compute();
    without = ThreadsOfThisProcess() - before;
  }).join();
  EXPECT_EQ(threads_under, 1);
  EXPECT_EQ(under, 0);
  EXPECT_EQ(without, 4) << "the test sees a team where there is one";
}

TEST(OneThreadTest, NeitherThisThreadAfterwardsNorOthersAreChanged) {
  at::set_num_threads(5);
  int after = 0, new_thread = 0;
  std::thread([&] {
    {
      const OneThread one_thread;
      std::thread([&] { new_thread = at::get_num_threads(); }).join();
    }
    after = at::get_num_threads();
  }).join();
  EXPECT_EQ(new_thread, 5);
  EXPECT_EQ(after, 5);
  EXPECT_EQ(at::get_num_threads(), 5);
}

}  // namespace
}  // namespace distill
