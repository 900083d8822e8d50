#include "common/base/process.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace distill {
namespace {

constexpr char kProbe[] = "DISTILL_TEST_PROBE_PID";

// Runs in the program that RestartWithPassiveOpenMp started, and is its exit code.
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

}  // namespace
}  // namespace distill
