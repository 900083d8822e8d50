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
      {"is 'nope0'", {.listen = {"[fe80::1%nope0]:1"}}},
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
  for (const int64_t messages : {2, 3, 4, 5, 6, 100}) {
    ServerOptions options{.listen = {"0.0.0.0:0"}};
    const int64_t one_each = options.max_streams * options.limits.max_message_bytes;
    options.max_bytes = messages * one_each;
    EXPECT_EQ(options.ReadsAhead(), messages >= 5) << messages;
    EXPECT_GE(options.InFlightBytes(), 2 * one_each) << messages;
    EXPECT_LE(options.InFlightBytes(), options.ReceivedBytes()) << messages;
    const int64_t both = options.InFlightBytes() + options.ReceivedBytes();
    if (options.ReadsAhead()) {
      EXPECT_LE(both, options.max_bytes) << messages;
    }
  }
}

TEST(ServerOptionsTest, ReadsAheadForRemoteClientsUnlessToldOtherwise) {
  const auto reads_ahead = [](const std::string& listen, ReadAhead read_ahead) {
    return ServerOptions{.listen = {listen}, .read_ahead = read_ahead}.ReadsAhead();
  };
  EXPECT_TRUE(reads_ahead("gpu-node:1", ReadAhead::kAuto));
  EXPECT_FALSE(reads_ahead("gpu-node:1", ReadAhead::kOff));
  for (const char* here : {"127.0.0.1:1", "[::1]:1", "unix:/x"}) {
    EXPECT_FALSE(reads_ahead(here, ReadAhead::kAuto)) << here;
    EXPECT_TRUE(reads_ahead(here, ReadAhead::kOn)) << here;
  }
  ServerOptions little{.listen = kListen, .max_bytes = int64_t{1} << 30};
  EXPECT_THAT(little.Validate(), IsOk());
  little.read_ahead = ReadAhead::kOn;
  EXPECT_THAT(little.Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("`read_ahead`")));
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
