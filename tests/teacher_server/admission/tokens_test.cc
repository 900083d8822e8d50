#include "teacher_server/admission/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/files.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::distill::testing::ErrorIs;
using ::distill::testing::FakeClock;
using ::distill::testing::IsOk;
using ::distill::testing::TempDir;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kAlice[] = "alice-has-this-token";
constexpr char kBob[] = "bob-has-another-token";
constexpr int kDefault = 7;

class TokensTest : public ::testing::Test {
 protected:
  // Replaces the file, as a rename does.
  void Write(const std::string& text) { ASSERT_THAT(WriteFileAtomically(file_, text), IsOk()); }

  absl::Status Open() {
    auto tokens = Tokens::Open(file_, kDefault, clock_);
    if (tokens.ok()) tokens_ = *std::move(tokens);
    return tokens.status();
  }

  bool Enters(const std::string& token) {
    return tokens_->Authenticate(absl::StrCat("Bearer ", token)).ok();
  }

  const TempDir dir_;
  const std::filesystem::path file_ = dir_ / "tokens";
  FakeClock clock_;
  std::unique_ptr<Tokens> tokens_;
};

TEST_F(TokensTest, ATokenGrantsTheStreamsOfItsName) {
  Write(absl::StrCat("# name  token  streams\n\n alice\t", kAlice, "  2 \r\nbob ", kBob, "\n"));
  ASSERT_THAT(Open(), IsOk());
  EXPECT_THAT(tokens_->names(), ElementsAre("alice", "bob"));
  for (const char* scheme : {"Bearer ", "bearer ", "BEARER  "}) {
    const auto alice = tokens_->Authenticate(absl::StrCat(scheme, kAlice));
    ASSERT_THAT(alice, IsOk()) << scheme;
    EXPECT_EQ(alice->name, "alice");
    EXPECT_EQ(alice->max_streams, 2);
  }
  EXPECT_EQ(tokens_->Authenticate(absl::StrCat("Bearer ", kBob))->max_streams, kDefault);
}

TEST_F(TokensTest, WhoHasNoTokenOrAnotherIsToldSo) {
  Write(absl::StrCat("alice ", kAlice));
  ASSERT_THAT(Open(), IsOk());
  const std::string alice = kAlice;
  for (const std::string& none : {std::string(), std::string("Bearer"), std::string("Bearer "),
                                  "Basic " + alice, alice, "Bearer" + alice}) {
    EXPECT_THAT(tokens_->Authenticate(none),
                ErrorIs(absl::StatusCode::kUnauthenticated, HasSubstr("it has no bearer token")))
        << none;
  }
  for (const std::string& wrong : {std::string("x"), alice + "x", alice.substr(1),
                                   alice + " " + alice, std::string("ALICE-HAS-THIS-TOKEN")}) {
    EXPECT_THAT(tokens_->Authenticate("Bearer " + wrong),
                ErrorIs(absl::StatusCode::kUnauthenticated, HasSubstr("its token is not known")))
        << wrong;
  }
}

TEST_F(TokensTest, AWrongLineIsNamedByItsNumberAndNeverShown) {
  struct Case {
    std::string text;
    const char* message;
  };
  const Case cases[] = {
      {"", ": it holds no token"},
      {"# secret-secret-secret\n", ": it holds no token"},
      {"\nsecret-secret-secret\n", " line 2: it has 1 fields"},
      {"a secret-secret-secret 1 secret", " line 1: it has 4 fields"},
      {"sécret secret-secret-secret", " line 1: the name is not 1 to 64"},
      {std::string(65, 's') + " secret-secret-secret", " line 1: the name"},
      {"a secret-secret", " line 1: the token is not 16"},
      {"a " + std::string(4097, 's'), " line 1: the token is not 16 to 4096"},
      {"a sécret-secret-secret", " line 1: the token is not 16"},
      {"a secret-secret-secret 0", " line 1: MAX_STREAMS is not a number"},
      {"a secret-secret-secret secret", " line 1: MAX_STREAMS is not a number"},
      {"a secret-secret-secret 99999999999", " line 1: MAX_STREAMS is not a number"},
      {"a secret-secret-secret\nb secret-secret-other\na secret-secret-third",
       " line 3: it has the name of line 1"},
      {"a secret-secret-secret\nb secret-secret-secret", " line 2: it has the token of line 1"},
  };
  for (const Case& c : cases) {
    Write(c.text);
    EXPECT_THAT(Open(), ErrorIs(absl::StatusCode::kInvalidArgument,
                                AllOf(HasSubstr(absl::StrCat(file_.string(), c.message)),
                                      Not(HasSubstr("cret")))))
        << c.text;
  }
  std::filesystem::remove(file_);
  EXPECT_THAT(Open(), ErrorIs(absl::StatusCode::kNotFound, HasSubstr(file_.string())));
}

TEST_F(TokensTest, AByteOrderMarkIsHarmless) {
  Write(absl::StrCat("\xef\xbb\xbf", "alice ", kAlice, "\r\n"));
  EXPECT_THAT(Open(), IsOk());
}

TEST_F(TokensTest, WhatAnEditorSavedUnseenIsNamed) {
  struct Case {
    std::string text;
    const char* message;
  };
  const std::string line = absl::StrCat("alice ", kAlice);
  const Case cases[] = {
      {std::string("\xff\xfe"
                   "a\0 \0",
                   6),
       ": it is not UTF-8, but UTF-16; save it as UTF-8"},
      {"\xe9 " + line, ": it is not UTF-8; save it as UTF-8"},
      {"\u200b" + line, " line 1: it has the invisible character U+200B; delete it"},
      {"# one\n" + line + "\ufeff", " line 2: it has the invisible character U+FEFF; delete it"},
      {absl::StrCat("alice\u00a0", kAlice), " line 1: it has the invisible character U+00A0"},
  };
  for (const Case& c : cases) {
    Write(c.text);
    EXPECT_THAT(Open(), ErrorIs(absl::StatusCode::kInvalidArgument,
                                AllOf(HasSubstr(absl::StrCat(file_.string(), c.message)),
                                      Not(HasSubstr(kAlice)))));
  }
  Write(absl::StrCat("# an\u00a0aside\n", line));
  EXPECT_THAT(Open(), IsOk());
}

TEST_F(TokensTest, AReplacedFileCountsAfterASecondAtMost) {
  Write(absl::StrCat("alice ", kAlice));
  ASSERT_THAT(Open(), IsOk());
  Write(absl::StrCat("bob ", kBob));
  clock_.Advance(absl::Milliseconds(999));
  EXPECT_TRUE(Enters(kAlice));  // not looked at again yet
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_FALSE(Enters(kAlice));
  EXPECT_TRUE(Enters(kBob));
  EXPECT_THAT(tokens_->names(), ElementsAre("bob"));
}

TEST_F(TokensTest, AWrongOrMissingNewFileChangesNothingAndIsLoggedOnce) {
  Write(absl::StrCat("alice ", kAlice));
  ASSERT_THAT(Open(), IsOk());
  const auto log_of_two_looks = [this] {
    ::testing::internal::CaptureStderr();
    for (int i = 0; i < 2; ++i) {
      clock_.Advance(absl::Seconds(1));
      EXPECT_TRUE(Enters(kAlice));
    }
    return ::testing::internal::GetCapturedStderr();
  };
  const auto lines = [](const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
  };

  Write(absl::StrCat("bob ", kBob, "\nsecret"));
  const std::string wrong = log_of_two_looks();
  EXPECT_THAT(wrong, AllOf(HasSubstr(file_.string() + " line 2: it has 1 fields"),
                           HasSubstr("stay in force"), Not(HasSubstr("secret"))));
  EXPECT_EQ(lines(wrong), 1) << wrong;

  std::filesystem::remove(file_);
  const std::string missing = log_of_two_looks();
  EXPECT_THAT(missing, HasSubstr("No such file"));
  EXPECT_EQ(lines(missing), 1) << missing;

  Write(absl::StrCat("bob ", kBob));
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(Enters(kBob));
}

}  // namespace
}  // namespace distill
