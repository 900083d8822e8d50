#include "common/config_file/toml_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/command_line.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

struct Options {
  std::string train;
  int64_t epochs = 10;
  double lr = 0.1;
  bool resume = false;
  uint64_t seed = 0;
  std::vector<double> decay_at = {0.5, 0.75};
  std::vector<std::string> teacher;
  std::optional<double> alpha;
};

class TomlConfigTest : public ::testing::Test {
 protected:
  TomlConfigTest() {
    app_.set_config("--config", "");
    app_.allow_config_extras(CLI::config_extras_mode::error);
    app_.config_formatter(std::make_shared<TomlConfig>(app_));
    train_.fallthrough();
    train_.add_option("--train", options_.train);
    train_.add_option("--epochs", options_.epochs)->capture_default_str();
    train_.add_option("--lr", options_.lr)->capture_default_str();
    train_.add_flag("--resume", options_.resume);
    train_.add_option("--seed", options_.seed)->capture_default_str();
    train_.add_option("--decay_at", options_.decay_at)->capture_default_str();
    train_.add_option("--teacher", options_.teacher)->allow_extra_args(false);
    train_.add_option("--alpha", options_.alpha);
    app_.add_subcommand("report");
  }

  // The error's text; empty if the file was taken.
  std::string Read(const std::string& text, std::vector<std::string> more = {}) {
    const std::string file = (dir_ / "my.toml").string();
    std::ofstream(file, std::ios::binary) << text;
    std::vector<std::string> words = {"train", "--config", file};
    words.insert(words.end(), more.begin(), more.end());
    std::reverse(words.begin(), words.end());  // as CLI11 takes them
    try {
      app_.parse(words);
      return "";
    } catch (const CLI::ParseError& error) {
      return error.what();
    }
  }

  const testing::TempDir dir_;
  CLI::App app_{"Test"};
  CLI::App& train_ = *app_.add_subcommand("train");
  Options options_;
};

TEST_F(TomlConfigTest, ValuesOfEveryTypeAreRead) {
  EXPECT_EQ(Read("\xef\xbb\xbf# a comment\r\n[train]\r\ntrain = \"/x/C# shots\"  # good\r\n"
                 "epochs = 1_000\nlr = 5e-4\nresume = true\nseed = \"12345678901234567890\"\n"
                 "decay_at = [\n  0.25,  # first\n  1\n]\nteacher = 'unix:/a\\b'\n"),
            "");
  EXPECT_EQ(options_.train, "/x/C# shots");
  EXPECT_EQ(options_.epochs, 1000);
  EXPECT_EQ(options_.lr, 5e-4);
  EXPECT_TRUE(options_.resume);
  EXPECT_EQ(options_.seed, 12345678901234567890u);
  EXPECT_THAT(options_.decay_at, ElementsAre(0.25, 1));
  EXPECT_THAT(options_.teacher, ElementsAre("unix:/a\\b"));
}

TEST_F(TomlConfigTest, ASeedBeyondTomlsNumbersIsRead) {
  EXPECT_EQ(Read("[train]\nseed=12345678901234567890\nepochs=2\n"), "");  // as CLI11 wrote it
  EXPECT_EQ(options_.seed, 12345678901234567890u);
}

TEST_F(TomlConfigTest, WholeNumbersInTextAreDecimal) {
  ReadWholeNumbersAsDecimal(app_);
  EXPECT_EQ(Read("[train]\nepochs = \"012\"\nseed = \"0019\"\n"), "");
  EXPECT_EQ(options_.epochs, 12);
  EXPECT_EQ(options_.seed, 19u);
  EXPECT_THAT(TomlSection(train_), AllOf(HasSubstr("epochs = 12\n"), HasSubstr("seed = 19\n")));
  EXPECT_THAT(Read("[train]\nepochs = \"0x12\"\n"), HasSubstr("--epochs = 0x12"));
  EXPECT_THAT(Read("[train]\nseed = 18446744073709551616\n"),
              HasSubstr("--seed = 18446744073709551616"));
}

TEST_F(TomlConfigTest, TheCommandLineComesBeforeTheFile) {
  EXPECT_EQ(Read("[train]\nlr = 0.5\nepochs = 3\n", {"--lr", "0.25"}), "");
  EXPECT_EQ(options_.lr, 0.25);
  EXPECT_EQ(options_.epochs, 3);
}

TEST_F(TomlConfigTest, AnUnknownKeyIsNamedWithItsPlaceAndTheKnownOnes) {
  EXPECT_THAT(Read("[train]\nlr = 1\n\nepoch = 5\n"),
              AllOf(HasSubstr("my.toml:4: 'epoch' is not an option of train"),
                    HasSubstr("did you mean epochs?"), HasSubstr("decay_at")));
}

TEST_F(TomlConfigTest, KeysOutsideASectionAndUnknownSectionsAreNamed) {
  EXPECT_THAT(Read("lr = 1\n"), HasSubstr("my.toml:1: 'lr' is in no section; begin the file with "
                                          "[train] or [report]"));
  EXPECT_THAT(Read("[trian]\nlr = 1\n"),
              AllOf(HasSubstr("my.toml:1: 'trian' is not a section"), HasSubstr("mean train?")));
}

TEST_F(TomlConfigTest, WhatIsNotTomlIsNamedWithItsLine) {
  EXPECT_THAT(Read("[train]\nlr = \n"), HasSubstr("my.toml:2: is not TOML"));
  EXPECT_THAT(Read("[train]\nlr = 2020-01-01\n"), HasSubstr("my.toml:2: a value is a string"));
}

TEST_F(TomlConfigTest, WhatIsWrittenIsReadBack) {
  const std::string odd = "a \"quoted\" \\ #name\ttab 'x' ü";
  ASSERT_EQ(
      Read("[train]\n", {"--train", odd, "--decay_at", "0.1", "0.9", "--teacher", "a:1",
                         "--teacher", "b:2", "--alpha", "0.5", "--seed", "12345678901234567890"}),
      "");
  const std::string written = TomlSection(train_);
  EXPECT_THAT(written, AllOf(HasSubstr("epochs = 10\n"), HasSubstr("lr = 0.1\n"),
                             HasSubstr("decay_at = [0.1, 0.9]\n"),
                             HasSubstr("teacher = [\"a:1\", \"b:2\"]\n"),
                             HasSubstr("seed = \"12345678901234567890\"\n"),
                             Not(HasSubstr("resume")), Not(HasSubstr("config"))));
  options_ = {};
  ASSERT_EQ(Read(written), "");
  EXPECT_EQ(options_.train, odd);
  EXPECT_THAT(options_.decay_at, ElementsAre(0.1, 0.9));
  EXPECT_THAT(options_.teacher, ElementsAre("a:1", "b:2"));
  EXPECT_EQ(options_.alpha, 0.5);
}

TEST_F(TomlConfigTest, ADefaultListIsWrittenAsAList) {
  ASSERT_EQ(Read("[train]\n"), "");
  EXPECT_THAT(TomlSection(train_), HasSubstr("decay_at = [0.5, 0.75]\n"));
  EXPECT_EQ(Read("[train]\ndecay_at = \"[0.25,0.5]\"\n"), "");  // as earlier versions wrote it
  EXPECT_THAT(options_.decay_at, ElementsAre(0.25, 0.5));
}

TEST(TomlValueTest, NumbersStayNumbersAndTextIsQuoted) {
  EXPECT_EQ(TomlValue("5"), "5");
  EXPECT_EQ(TomlValue("-0.25"), "-0.25");
  EXPECT_EQ(TomlValue("5e-4"), "\"5e-4\"");  // the shortest text of the number is 0.0005
  EXPECT_EQ(TomlValue("5e-05"), "5e-05");
  EXPECT_EQ(TomlValue("007"), "\"007\"");
  EXPECT_EQ(TomlValue("nan"), "\"nan\"");
  EXPECT_EQ(TomlValue("true"), "true");
  EXPECT_EQ(TomlValue("24x32"), "\"24x32\"");
  EXPECT_EQ(TomlValue(""), "\"\"");
  EXPECT_EQ(TomlValue("a\nb\x7f"), "\"a\\u000ab\\u007f\"");
}

}  // namespace
}  // namespace distill
