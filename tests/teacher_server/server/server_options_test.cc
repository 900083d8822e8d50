#include "teacher_server/server/server_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/files.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::distill::testing::FakeClock;
using ::distill::testing::IsOk;
using ::distill::testing::StatusIs;
using ::distill::testing::TempDir;
using ::testing::HasSubstr;

const std::vector<std::string> kListen = {"localhost:1"};

TEST(ServerOptionsTest, NamesTheFieldThatIsOutOfRange) {
  struct Case {
    std::string names;
    ServerOptions options;
  };
  const Case cases[] = {
      {"listen", {}},
      {"'nowhere'", {.listen = {"nowhere"}}},
      {"streams_per_token", {.listen = kListen, .streams_per_token = -1}},
      {"max_request_samples", {.listen = kListen, .limits = {.max_request_samples = 0}}},
      {"credits", {.listen = kListen, .limits = {.credits = 5, .max_request_samples = 6}}},
      {"max_length", {.listen = kListen, .limits = {.max_length = 0}}},
      {"max_message_size", {.listen = kListen, .limits = {.max_message_bytes = 10}}},
      {"max_streams", {.listen = kListen, .max_streams = 0}},
      {"max_bytes", {.listen = kListen, .max_bytes = 1}},
      {"max_samples", {.listen = kListen, .max_samples = 1}},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(c.options.Validate(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.names)));
  }
  EXPECT_THAT(ServerOptions{.listen = kListen}.Validate(), IsOk());
}

TEST(ServerOptionsTest, BeyondTheLoopbackTlsIsNeededOrItsAbsenceIsSaid) {
  ServerOptions options{.listen = {"0.0.0.0:1"}};
  EXPECT_THAT(options.Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("0.0.0.0:1")));
  options.allow_insecure = true;
  EXPECT_THAT(options.Validate(), IsOk());
  options.allow_insecure = false;
  options.tls = {.certificate = "server.crt", .key = "server.key"};
  EXPECT_THAT(options.Validate(), IsOk());
}

TEST(ServerOptionsTest, EachStreamHasRoomForAMessageAndItsAnswer) {
  ServerOptions options{.listen = kListen, .max_streams = 8};
  options.limits.max_message_bytes = 1 << 20;
  options.max_bytes = 16 << 20;
  EXPECT_THAT(options.Validate(), IsOk());
  --options.max_bytes;
  EXPECT_THAT(options.Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("max_streams")));
}

TEST(ServerOptionsTest, WhatArrivesUnreadIsPartOfWhatStreamsMayHold) {
  const ServerOptions usual{.listen = kListen};
  EXPECT_EQ(usual.UnreadBytes(), 8 << 20);
  for (const int64_t max_bytes : {int64_t{600} << 20, int64_t{1} << 30, int64_t{1} << 36}) {
    ServerOptions options{.listen = kListen};
    options.max_bytes = max_bytes;
    // Three times, since what is unread is in many small pieces.
    EXPECT_LE(3 * options.max_streams * options.UnreadBytes() + options.InFlightBytes(), max_bytes);
    EXPECT_GE(options.InFlightBytes(), options.max_streams * StreamReserve(options.limits));
    EXPECT_GE(options.UnreadBytes(), 256 << 10);
    EXPECT_LE(options.UnreadBytes(), 16 << 20);
  }
}

TEST(ServerOptionsTest, AFileThatCannotBeReadIsFoundBeforeAModelIsLoaded) {
  const TempDir dir;
  const std::string missing = dir / "tokens";
  ServerOptions options{.listen = kListen, .token_file = missing};
  EXPECT_THAT(options.Validate(), IsOk());  // which does not read any file
  EXPECT_THAT(options.CheckFiles(), StatusIs(absl::StatusCode::kNotFound, HasSubstr(missing)));
  ASSERT_THAT(WriteFileAtomically(missing, "alice alice-alice-alice-1\n"), IsOk());
  EXPECT_THAT(options.CheckFiles(), IsOk());
}

TEST(ServerOptionsTest, ATokenWithoutALimitHasTheOptionsOne) {
  const TempDir dir;
  FakeClock clock;
  ASSERT_THAT(WriteFileAtomically(dir / "tokens", "alice alice-alice-alice-1\n"), IsOk());
  ServerOptions options{.token_file = dir / "tokens", .max_streams = 7};
  const auto streams_of_alice = [&] {
    const auto tokens = OpenTokens(options, clock);
    EXPECT_THAT(tokens, IsOk());
    const auto grant = (*tokens)->Authenticate("Bearer alice-alice-alice-1");
    EXPECT_THAT(grant, IsOk());
    return grant->max_streams;
  };
  EXPECT_EQ(streams_of_alice(), 7);
  options.streams_per_token = 3;
  EXPECT_EQ(streams_of_alice(), 3);
  options.token_file.clear();
  EXPECT_EQ(OpenTokens(options, clock).value(), nullptr);
}

}  // namespace
}  // namespace distill
