#include "teacher_server/server/check_health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/teacher_server/server/serving_fixture.h"

namespace distill {
namespace {

using ::distill::testing::ClientStream;
using ::distill::testing::IsOk;
using ::distill::testing::RequestMessage;
using ::distill::testing::ServingTest;
using ::distill::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

class CheckHealthTest : public ServingTest {
 protected:
  absl::Status Check() { return CheckHealth(address(), {}, absl::Minutes(1)); }
};

TEST_F(CheckHealthTest, AServerThatServesIsHealthyAndOneThatDrainsIsNot) {
  runner_.Hold();
  StartServer();
  EXPECT_THAT(Check(), IsOk());
  ClientStream stream(channel_);
  stream.Open();
  stream.Send(RequestMessage(1));
  runner_.WaitForBatches(1);
  std::thread drain([this] { EXPECT_THAT(server_->Drain(absl::Minutes(1)), IsOk()); });
  EXPECT_TRUE(stream.Receive()->has_draining());
  EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kUnavailable,
                                AllOf(HasSubstr(address()), HasSubstr("NOT_SERVING"))));
  runner_.Release();
  drain.join();
}

TEST_F(CheckHealthTest, AServerThatCannotBeReachedIsNamed) {
  EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr(address())));
}

TEST_F(CheckHealthTest, ATextThatIsNotAnAddressIsRefused) {
  EXPECT_THAT(CheckHealth("nowhere", {}, absl::Minutes(1)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'nowhere'")));
}

}  // namespace
}  // namespace distill
