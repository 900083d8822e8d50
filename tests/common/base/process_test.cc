#include "common/base/process.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "absl/base/config.h"

namespace distill {
namespace {

constexpr char kProbe[] = "DISTILL_TEST_PROBE_PID";

// Runs in the program that RestartWithPassiveOpenMp started, and determines its exit code.
TEST(RestartedProcessProbe, HasThePolicyAndTheProcessId) {
  const char* pid = std::getenv(kProbe);
  if (pid == nullptr) GTEST_SKIP() << "only in a restarted process";
  ASSERT_NE(std::getenv("OMP_WAIT_POLICY"), nullptr);
  EXPECT_STREQ(std::getenv("OMP_WAIT_POLICY"), "passive");
  EXPECT_EQ(pid, std::to_string(::getpid()));
}

class ProcessTest : public ::testing::Test {
 protected:
  ProcessTest() { ::testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

TEST_F(ProcessTest, StartsAgainInPlaceWithItsArguments) {
  std::string name = "restarted";
  std::string filter = "--gtest_filter=RestartedProcessProbe.*";
  char* argv[] = {name.data(), filter.data(), nullptr};
  EXPECT_EXIT(
      {
        ::unsetenv("OMP_WAIT_POLICY");
        ::setenv(kProbe, std::to_string(::getpid()).c_str(), 1);
        RestartWithPassiveOpenMp(argv);
        ::_exit(99);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(ProcessTest, KeepsTheUsersOwnPolicy) {
  EXPECT_EXIT(
      {
        ::setenv("OMP_WAIT_POLICY", "active", 1);
        RestartWithPassiveOpenMp(nullptr);
        ::_exit(std::getenv("OMP_WAIT_POLICY") == std::string("active") ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

// Returns the page faults of allocating 16 MiB, writing to them, and freeing them.
long FaultsOfABlock() {
  constexpr size_t kBytes = 16 << 20;
  rusage before = {}, after = {};
  ::getrusage(RUSAGE_THREAD, &before);
  void* volatile block = std::malloc(kBytes);  // volatile, or the compiler would remove both
  std::memset(block, 1, kBytes);
  std::free(block);
  ::getrusage(RUSAGE_THREAD, &after);
  return after.ru_minflt - before.ru_minflt;
}

TEST_F(ProcessTest, FreedMemoryIsKeptForTheNextBlock) {
#if defined(ABSL_HAVE_ADDRESS_SANITIZER) || defined(ABSL_HAVE_THREAD_SANITIZER)
  GTEST_SKIP() << "a sanitizer's own malloc keeps what is freed for itself";
#endif
  EXPECT_EXIT(
      {
        KeepFreedMemory();
        FaultsOfABlock();
        const bool on_main = FaultsOfABlock() < 100;
        bool on_another = false;
        std::thread([&] {
          FaultsOfABlock();
          on_another = FaultsOfABlock() < 100;
        }).join();
        ::_exit(on_main && on_another ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace distill
