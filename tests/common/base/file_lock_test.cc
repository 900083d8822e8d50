#include "common/base/file_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;

TEST(FileLockTest, IsHeldByOneAtATime) {
  const testing::TempDir dir;
  const auto path = dir.path() / "lock";
  auto first = FileLock::TryTake(path);
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(FileLock::TryTake(path),
              ErrorIs(absl::StatusCode::kFailedPrecondition, HasSubstr(path.string())));
  first->reset();
  EXPECT_THAT(FileLock::TryTake(path), IsOk());
}

TEST(FileLockTest, EndsWithTheProcessThatIsKilled) {
  const testing::TempDir dir;
  const auto path = dir.path() / "lock";
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const pid_t holder = ::fork();
  if (holder == 0) {
    const auto lock = FileLock::TryTake(path);
    const char held = lock.ok() ? 'y' : 'n';
    if (::write(pipe[1], &held, 1) != 1) ::_exit(1);
    ::pause();
  }
  char held = 0;
  ASSERT_EQ(::read(pipe[0], &held, 1), 1);
  ASSERT_EQ(held, 'y');
  EXPECT_THAT(FileLock::TryTake(path), ErrorIs(absl::StatusCode::kFailedPrecondition));
  ::kill(holder, SIGKILL);
  ASSERT_EQ(::waitpid(holder, nullptr, 0), holder);
  EXPECT_THAT(FileLock::TryTake(path), IsOk());
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST(FileLockTest, AFolderThatIsNotThereIsNamed) {
  EXPECT_THAT(FileLock::TryTake("/no/such/folder/lock"),
              ErrorIs(absl::StatusCode::kNotFound, HasSubstr("/no/such/folder/lock")));
}

TEST(FileLockTest, OnlyAFileSystemWithoutLocksIsForgiven) {
  for (const int error : {ENOSYS, ENOLCK, ENOTSUP, EINVAL}) EXPECT_TRUE(MeansNoLocks(error));
  for (const int error : {EWOULDBLOCK, EIO, EBADF}) EXPECT_FALSE(MeansNoLocks(error));
}

}  // namespace
}  // namespace distill
