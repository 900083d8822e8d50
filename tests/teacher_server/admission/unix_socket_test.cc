#include "teacher_server/admission/unix_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::distill::testing::ErrorIs;
using ::distill::testing::IsOk;
using ::distill::testing::TempDir;
using ::testing::HasSubstr;

// Binds and listens as any program would; close() of the result leaves the file behind.
int Listen(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  EXPECT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(::listen(fd, 1), 0);
  return fd;
}

class UnixSocketTest : public ::testing::Test {
 protected:
  const TempDir dir_;
  const std::string path_ = dir_ / "socket";
};

TEST_F(UnixSocketTest, APathIsClaimedOnceAtATime) {
  auto first = UnixSocketClaim::Take(path_);
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(UnixSocketClaim::Take(path_),
              ErrorIs(absl::StatusCode::kFailedPrecondition, HasSubstr("address in use")));
  first->reset();
  EXPECT_THAT(UnixSocketClaim::Take(path_), IsOk());
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path()));
}

TEST_F(UnixSocketTest, ASocketThatADeadServerLeftIsRemoved) {
  ::close(Listen(path_));
  ASSERT_TRUE(std::filesystem::exists(path_));
  EXPECT_THAT(UnixSocketClaim::Take(path_), IsOk());
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(UnixSocketTest, ALockThatADeadServerLeftIsTaken) {
  std::ofstream(path_ + ".lock") << "";
  EXPECT_THAT(UnixSocketClaim::Take(path_), IsOk());
}

TEST_F(UnixSocketTest, ALivingServerThatHoldsNoLockIsLeftAlone) {
  const int fd = Listen(path_);
  EXPECT_THAT(UnixSocketClaim::Take(path_),
              ErrorIs(absl::StatusCode::kFailedPrecondition, HasSubstr("address in use")));
  EXPECT_TRUE(std::filesystem::exists(path_));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".lock"));
  ::close(fd);
}

TEST_F(UnixSocketTest, AFileThatIsNoSocketIsLeftAlone) {
  std::ofstream(path_) << "precious";
  EXPECT_THAT(UnixSocketClaim::Take(path_),
              ErrorIs(absl::StatusCode::kFailedPrecondition, HasSubstr("not a socket")));
  EXPECT_EQ(std::filesystem::file_size(path_), 8u);
}

TEST_F(UnixSocketTest, AFolderThatDoesNotExistIsNamed) {
  EXPECT_THAT(UnixSocketClaim::Take(dir_ / "absent/socket"),
              ErrorIs(absl::StatusCode::kNotFound, HasSubstr("absent/socket")));
}

}  // namespace
}  // namespace distill
