#include "common/rpc/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::distill::testing::ErrorIs;
using ::distill::testing::IsOk;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(AddressTest, EveryFormIsReadAndWrittenBackAsItWas) {
  struct Case {
    const char* text;
    Address::Kind kind;
    const char* host;
    int port;
    const char* path;
  };
  const Case cases[] = {
      {"localhost:50051", Address::Kind::kTcp, "localhost", 50051, ""},
      {"10.0.0.1:0", Address::Kind::kTcp, "10.0.0.1", 0, ""},
      {"gpu-3.example.org:65535", Address::Kind::kTcp, "gpu-3.example.org", 65535, ""},
      {"[::1]:8080", Address::Kind::kTcp, "::1", 8080, ""},
      {"[2001:db8::1.2.3.4]:1", Address::Kind::kTcp, "2001:db8::1.2.3.4", 1, ""},
      {"[fe80::1%eth0]:1", Address::Kind::kTcp, "fe80::1%eth0", 1, ""},
      {"unix:/run/teacher.sock", Address::Kind::kUnix, "", 0, "/run/teacher.sock"},
      {"unix:teacher_1.sock", Address::Kind::kUnix, "", 0, "teacher_1.sock"},
  };
  for (const Case& c : cases) {
    const auto address = ParseAddress(c.text);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_EQ(address->kind, c.kind) << c.text;
    EXPECT_EQ(address->host, c.host) << c.text;
    EXPECT_EQ(address->port, c.port) << c.text;
    EXPECT_EQ(address->path, c.path) << c.text;
    EXPECT_EQ(address->ToString(), c.text);
  }
}

TEST(AddressTest, WhatIsNoAddressIsRefusedWithItsTextAndTheFormsAllowed) {
  const std::string cases[] = {
      "",
      "localhost",
      "localhost:",
      ":50051",
      "localhost:65536",
      "host:-1",
      "host:+1",
      "host: 1",
      "host:1x",
      "host:000001",
      "::1:80",
      "[::1]",
      "[::1]80",
      "[host]:80",
      "[]:80",
      "ho st:80",
      "host/a:80",
      "dns:///host:80",
      "unix:",
      "unix:/a b",
      "unix:/a%20",
      "unix:/a?b",
      "http://host:80",
      "[::1:80",
      "::1]:80",
      "[fe80::1%]:1",
      "[fe80::1%a/b]:1",
      "fe80::1%eth0:1",
  };
  for (const std::string& text : cases) {
    const auto address = ParseAddress(text);
    ASSERT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(address.status().message()), HasSubstr("'" + text + "'"));
    EXPECT_THAT(std::string(address.status().message()),
                HasSubstr("; use host:port, [IPv6 address]:port or unix:/path"));
  }
}

TEST(AddressTest, AUrlIsNamedAsOne) {
  for (const char* text : {"http://host:80", "grpc://[::1]:80", "dns:///host:80"}) {
    EXPECT_THAT(std::string(ParseAddress(text).status().message()), HasSubstr("it is a URL"));
  }
}

TEST(AddressTest, ALinkLocalAddressNeedsItsZone) {
  for (const char* text : {"[fe80::1]:80", "[FE80::1]:80", "[febf::1]:80"}) {
    EXPECT_THAT(std::string(ParseAddress(text).status().message()), HasSubstr("needs its zone"))
        << text;
  }
  EXPECT_TRUE(ParseAddress("[fec0::1]:80").ok());
}

TEST(AddressTest, AZoneIsAnInterfaceOfThisMachineByNameOrNumber) {
  const std::string loopback = std::to_string(::if_nametoindex("lo"));
  for (const std::string& zone : {std::string("lo"), loopback}) {
    EXPECT_THAT(CheckZone(*ParseAddress("[fe80::1%" + zone + "]:80")), IsOk()) << zone;
  }
  for (const char* address : {"[2001:db8::7]:80", "host:80", "unix:/a"}) {
    EXPECT_THAT(CheckZone(*ParseAddress(address)), IsOk()) << address;
  }
  for (const char* zone : {"nope0", "99999999"}) {
    const std::string address = absl::StrCat("[fe80::1%", zone, "]:80");
    EXPECT_THAT(
        CheckZone(*ParseAddress(address)),
        ErrorIs(absl::StatusCode::kInvalidArgument,
                HasSubstr(absl::StrCat("the zone of address '", address, "' is '", zone,
                                       "'; must be a network interface of this machine: "))));
  }
}

TEST(AddressTest, UserInfoIsNotShown) {
  for (const char* text : {"http://user:secret@host:80", "user:secret@host:80",
                           "http://user:secret%40host:80", "http://user:s@ecret@host:80"}) {
    EXPECT_THAT(std::string(ParseAddress(text).status().message()),
                AllOf(HasSubstr("host:80'"), Not(HasSubstr("ecret"))))
        << text;
  }
  EXPECT_EQ(WithoutUserInfo("http://host:80/path"), "http://host:80/path");
  EXPECT_EQ(WithoutUserInfo("host:80"), "host:80");
}

TEST(AddressTest, AUnixUrlWithoutAHostIsThePath) {
  EXPECT_EQ(ParseAddress("unix:///run/t.sock")->ToString(), "unix:/run/t.sock");
  for (const std::string& text :
       {std::string("unix://x"), std::string("unix://run/t.sock"), std::string("unix:////x"),
        std::string("unix:/run/"), std::string("unix:/"), std::string("unix://")}) {
    EXPECT_THAT(ParseAddress(text), ErrorIs(absl::StatusCode::kInvalidArgument,
                                            "the address is '" + text + "'; must be unix:/path"));
  }
}

TEST(AddressTest, AUnixPathMustFitASocketAddress) {
  const std::string longest(107, 'p');
  EXPECT_TRUE(ParseAddress("unix:" + longest).ok());
  EXPECT_THAT(std::string(ParseAddress("unix:" + longest + "p").status().message()),
              HasSubstr("at most 107 bytes, and this one 108"));
}

TEST(AddressTest, LoopbackIsWhatStaysOnThisMachine) {
  for (const char* local : {"unix:/s", "localhost:1", "LocalHost:1", "127.0.0.1:1", "127.9.9.9:1",
                            "[::1]:1", "[0:0:0:0:0:0:0:1]:1"}) {
    EXPECT_TRUE(IsLoopback(*ParseAddress(local))) << local;
  }
  for (const char* remote : {"10.0.0.1:1", "gpu:1", "127.0.0.1.org:1", "127:1", "128.0.0.1:1",
                             "0.0.0.0:1", "[::]:1", "[::2]:1", "localhost.org:1"}) {
    EXPECT_FALSE(IsLoopback(*ParseAddress(remote))) << remote;
  }
}

TEST(AddressTest, AnIpOfTheHostIsDialledAndTheCallsAreForTheHost) {
  const Address host = *ParseAddress("gpu.example:50051");
  EXPECT_EQ(DialTargetOf(host, "").target, "gpu.example:50051");
  EXPECT_EQ(DialTargetOf(host, "").authority, "");
  EXPECT_EQ(DialTargetOf(host, "192.0.2.7").target, "ipv4:192.0.2.7:50051");
  EXPECT_EQ(DialTargetOf(host, "192.0.2.7").authority, "gpu.example:50051");
  EXPECT_EQ(DialTargetOf(host, "2001:db8::7").target, "ipv6:[2001:db8::7]:50051");
}

TEST(AddressTest, NumericIsWhatNeedNotBeLookedUp) {
  for (const char* numeric : {"10.0.0.1:1", "[::1]:1", "[2001:db8::7]:1", "[fe80::1%2]:1"}) {
    EXPECT_TRUE(IsNumeric(*ParseAddress(numeric))) << numeric;
  }
  for (const char* name : {"gpu:1", "localhost:1", "127.1:1", "10.0.0.1.org:1"}) {
    EXPECT_FALSE(IsNumeric(*ParseAddress(name))) << name;
  }
}

}  // namespace
}  // namespace distill
