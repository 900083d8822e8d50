// A name that stands for several teachers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/common/client/pool/pool_fixture.h"
#include "tests/testing/status_matchers.h"

namespace distill::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Teachers at 127.0.0.2 to 127.0.0.4, on one port, and a name service that tells what the test
// says.
class PoolHostsTest : public PoolTest {
 protected:
  PoolHostsTest() { two_.Start(); }
  ~PoolHostsTest() override { pool_.reset(); }

  void SetNames(std::vector<std::string> addresses) {
    MutexLock lock(mutex_);
    addresses_ = std::move(addresses);
  }

  TeacherPoolOptions ByName() {
    TeacherPoolOptions options = PoolOptions({absl::StrCat("teachers.test:", two_.port())});
    options.resolve = [this](const std::string& host) -> absl::StatusOr<std::vector<std::string>> {
      EXPECT_EQ(host, "teachers.test");
      MutexLock lock(mutex_);
      ++lookups_;
      looked_up_.NotifyAll();
      if (addresses_.empty()) return absl::UnavailableError("no such name");
      return addresses_;
    };
    return options;
  }
  void ConnectByName() { Connect(ByName()); }

  void WaitForLookups(int count) {
    Patience patience(absl::StrCat(count, " lookups were made"));
    MutexLock lock(mutex_);
    while (lookups_ < count && patience.Wait(looked_up_, mutex_)) {
    }
  }

  std::string NameOf(const std::string& ip) const {
    return absl::StrCat("teachers.test:", two_.port(), " (", ip, ")");
  }
  std::set<std::string> Names() const {
    std::set<std::string> names;
    for (const auto& [name, samples] : pool_->samples_by_teacher()) names.insert(name);
    return names;
  }

  Mutex mutex_;
  CondVar looked_up_;
  std::vector<std::string> addresses_ ABSL_GUARDED_BY(mutex_);
  int lookups_ ABSL_GUARDED_BY(mutex_) = 0;
  FakeTeacher two_{{.host = "127.0.0.2"}};
};

TEST_F(PoolHostsTest, EachAddressOfANameIsATeacher) {
  FakeTeacher three({.host = "127.0.0.3", .port = two_.port()});
  three.Start();
  SetNames({"127.0.0.3", "127.0.0.2"});
  ConnectByName();
  EXPECT_EQ(Names(), (std::set<std::string>{NameOf("127.0.0.2"), NameOf("127.0.0.3")}));
  two_.HoldAnswers();
  three.HoldAnswers();
  SendSingles(6);
  two_.WaitForRequests(3);
  three.WaitForRequests(3);
  two_.Release();
  three.Release();
  ExpectSinglesAnswered(6);
  pool_.reset();
}

TEST_F(PoolHostsTest, WhereOneFamilyDoesNotConnectTheOtherIsTried) {
  SetNames({"::1", "127.0.0.2"});  // the teacher listens on IPv4 alone
  ConnectByName();
  SendSingles(3);
  ExpectSinglesAnswered(3);
  EXPECT_THAT(Names(), ::testing::Contains(NameOf("127.0.0.2")));
  SetNames({"::1", "2001:db8::1", "127.0.0.2"});
  ConnectByName();
  EXPECT_EQ(pool_->state(), TeacherState::kConnected);
}

TEST_F(PoolHostsTest, WhereNeitherFamilyConnectsTheAddressesOfBothAreNamed) {
  two_.Kill();
  SetNames({"::1", "127.0.0.9"});
  TeacherPoolOptions options = ByName();
  options.teacher.connect_timeout = absl::Milliseconds(500);
  EXPECT_THAT(TeacherPool::Connect(options, Clock::Real()),
              ErrorIs(absl::StatusCode::kUnavailable,
                      AllOf(HasSubstr(NameOf("::1") + ": failed to connect"),
                            HasSubstr(NameOf("127.0.0.9") + ": failed to connect"),
                            HasSubstr("; start it, or set `connect_timeout` to "))));
}

TEST_F(PoolHostsTest, AReplacedTeacherIsFoundAndTheOldOneForgotten) {
  FakeTeacher three({.host = "127.0.0.3", .port = two_.port()});
  FakeTeacher four({.host = "127.0.0.4", .port = two_.port()});
  three.Start();
  four.Start();
  SetNames({"127.0.0.2", "127.0.0.3"});
  ConnectByName();
  two_.HoldAnswers();
  three.HoldAnswers();
  SendSingles(2);
  two_.WaitForRequests(1);
  three.WaitForRequests(1);
  SetNames({"127.0.0.3", "127.0.0.4"});
  two_.Kill();
  three.Release();
  ExpectSinglesAnswered(2);
  four.WaitForOpens(1);
  // Two teachers again: the third was removed, with its credits.
  AwaitCredits(2 * 4096);
  EXPECT_EQ(Names().count(NameOf("127.0.0.4")), 1u);
  four.HoldAnswers();
  three.HoldAnswers();
  for (int i = 2; i < 6; ++i) ASSERT_THAT(Send(i, 1), IsOk());
  four.WaitForRequests(2);
  four.Release();
  three.Release();
  ExpectSinglesAnswered(6);
  pool_.reset();
}

TEST_F(PoolHostsTest, OneIsAwaitedWhileTheNameHasItAndNoLonger) {
  FakeTeacher three({.host = "127.0.0.3", .port = two_.port()});
  SetNames({"127.0.0.2", "127.0.0.3"});
  ConnectByName();  // the other one is not there yet
  three.Start();
  AwaitCredits(2 * 4096);
  SetNames({"127.0.0.3"});
  two_.Kill();
  AwaitCredits(4096);
  SendSingles(4);
  ExpectSinglesAnswered(4);
  EXPECT_EQ(AnsweredBy(NameOf("127.0.0.3")), 4);
  pool_.reset();
}

TEST_F(PoolHostsTest, AReplacementIsFoundLongAfterTheOldOneWasRemoved) {
  FakeTeacher three({.host = "127.0.0.3", .port = two_.port()});
  FakeTeacher four({.host = "127.0.0.4", .port = two_.port()});
  three.Start();
  SetNames({"127.0.0.2", "127.0.0.3"});
  ConnectByName();
  two_.HoldAnswers();
  three.HoldAnswers();
  SendSingles(2);
  two_.WaitForRequests(1);
  three.WaitForRequests(1);
  two_.Release();
  three.Release();
  ExpectSinglesAnswered(2);
  SetNames({"127.0.0.3"});
  two_.Kill();
  AwaitCredits(4096);  // removed: no teacher is lost any more
  EXPECT_EQ(Names().count(NameOf("127.0.0.2")), 0u);
  EXPECT_EQ(AnsweredBy(absl::StrCat("teachers.test:", two_.port())), 1);
  four.Start();
  SetNames({"127.0.0.3", "127.0.0.4"});
  AwaitCredits(2 * 4096);
  pool_.reset();
}

TEST_F(PoolHostsTest, OneThatIsAddedWhileNobodyIsLostJoins) {
  FakeTeacher three({.host = "127.0.0.3", .port = two_.port()});
  three.Start();
  SetNames({"127.0.0.2"});
  TeacherPoolOptions options = ByName();
  options.lookup_interval = absl::Milliseconds(20);
  Connect(options);
  EXPECT_EQ(pool_->limits().credits, 4096);
  SetNames({"127.0.0.2", "127.0.0.3"});
  AwaitCredits(2 * 4096);
  EXPECT_EQ(Names(), (std::set<std::string>{NameOf("127.0.0.2"), NameOf("127.0.0.3")}));
  pool_.reset();
}

TEST_F(PoolHostsTest, ANameThatComesToBeWhileConnectingHasAllItsTeachers) {
  FakeTeacher three({.host = "127.0.0.3", .port = two_.port()});
  three.Start();
  std::thread connecting([&] { ConnectByName(); });
  WaitForLookups(2);  // without success
  SetNames({"127.0.0.2", "127.0.0.3"});
  connecting.join();
  AwaitCredits(2 * 4096);
  pool_.reset();
}

TEST_F(PoolHostsTest, AStopEndsTheWaitForAConnection) {
  std::stop_source stop;
  TeacherPoolOptions options = ByName();
  options.teacher.connect_timeout = absl::InfiniteDuration();
  absl::Status status;
  std::thread connecting(
      [&] { status = TeacherPool::Connect(options, Clock::Real(), stop.get_token()).status(); });
  WaitForLookups(2);
  stop.request_stop();
  connecting.join();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(PoolHostsTest, NobodyIsTriedBeforeAllNamesWereLookedUp) {
  FakeTeacher refusing;
  refusing.Start();
  refusing.RefuseOpens(absl::NotFoundError("no such model"));
  TeacherPoolOptions options =
      PoolOptions({refusing.address(), absl::StrCat("teachers.test:", two_.port())});
  bool was_looked_up = false;
  options.resolve = [&](const std::string&) -> absl::StatusOr<std::vector<std::string>> {
    if (!std::exchange(was_looked_up, true)) {
      EXPECT_FALSE(refusing.SeesOpenWithin(absl::Milliseconds(50)));
    }
    return std::vector<std::string>{"127.0.0.2", "127.0.0.3"};
  };
  Connect(options);
  SendSingles(1);
  ExpectSinglesAnswered(1);
  pool_.reset();
}

TEST_F(PoolHostsTest, WhatMeansThisMachineIsNotLookedUp) {
  TeacherPoolOptions options = PoolOptions({two_.address()});
  options.resolve = [](const std::string& host) -> absl::StatusOr<std::vector<std::string>> {
    ADD_FAILURE() << host;
    return std::vector<std::string>{};
  };
  Connect(options);
  EXPECT_EQ(Names(), std::set<std::string>{two_.address()});
}

}  // namespace
}  // namespace distill::testing
