#include "common/base/command_line.h"

#include <gmock/gmock.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace distill {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

class WholeNumbersTest : public ::testing::Test {
 protected:
  // The first line on stderr; empty if the words are taken. Options are those of a subcommand.
  std::string Parse(const std::vector<std::string>& words) {
    epochs_ = 1, threads_ = 1, seed_ = 1, sizes_ = {}, parts_ = {}, count_.reset();
    CLI::App app("Test", "test");
    CLI::App& train = *app.add_subcommand("train");
    train.add_option("--epochs", epochs_)
        ->capture_default_str()
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    train.add_option("--count", count_);
    train.add_option("--threads", threads_);
    train.add_option("--seed", seed_);
    train.add_option("--sizes", sizes_);
    train.add_option("--parts", parts_);
    std::vector<const char*> argv = {"test", "train"};
    for (const std::string& word : words) argv.push_back(word.c_str());
    ::testing::internal::CaptureStderr();
    const std::optional<int> code = ParseOrExit(app, static_cast<int>(argv.size()), argv.data());
    const std::string output = ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(code.value_or(kCommandLineWrong), kCommandLineWrong);
    EXPECT_EQ(code.has_value(), !output.empty());
    return output.substr(0, output.find('\n'));
  }

  int64_t epochs_ = 0;
  std::optional<int64_t> count_;
  int threads_ = 0;
  uint64_t seed_ = 0;
  std::vector<int64_t> sizes_;
  std::vector<double> parts_;
};

TEST_F(WholeNumbersTest, ALeadingZeroMeansNothing) {
  EXPECT_EQ(Parse({"--epochs", "010", "--count", "08", "--threads", "064", "--seed", "0012",
                   "--sizes", "010", "-011", "0"}),
            "");
  EXPECT_EQ(epochs_, 10);
  EXPECT_EQ(count_, 8);
  EXPECT_EQ(threads_, 64);
  EXPECT_EQ(seed_, 12u);
  EXPECT_THAT(sizes_, ElementsAre(10, -11, 0));
}

TEST_F(WholeNumbersTest, OtherBasesAreRefused) {
  EXPECT_EQ(Parse({"--epochs", "0x10"}), "test: --epochs is '0x10'; must be a whole number");
  EXPECT_EQ(Parse({"--sizes", "1", "0b1", "2"}), "test: --sizes is '0b1'; must be a whole number");
}

TEST_F(WholeNumbersTest, TheLimitsAreTakenAndWhatIsBeyondThemIsRefused) {
  EXPECT_EQ(Parse({"--seed", "18446744073709551615", "--epochs", "9223372036854775807", "--threads",
                   "2147483647"}),
            "");
  EXPECT_EQ(seed_, std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(epochs_, std::numeric_limits<int64_t>::max());
  EXPECT_EQ(threads_, std::numeric_limits<int>::max());
  EXPECT_EQ(Parse({"--seed", "18446744073709551616"}),
            "test: --seed is '18446744073709551616'; must be 0 to 18446744073709551615");
  EXPECT_EQ(Parse({"--epochs", "9223372036854775808"}),
            "test: --epochs is '9223372036854775808'; must be -9223372036854775808 to "
            "9223372036854775807");
  EXPECT_EQ(Parse({"--threads", "2147483648"}),
            "test: --threads is '2147483648'; must be -2147483648 to 2147483647");
}

TEST_F(WholeNumbersTest, AnUnsignedNumberIsNotNegative) {
  EXPECT_THAT(Parse({"--seed", "-1"}), StartsWith("test: --seed: it is -1; give a whole number"));
}

TEST_F(WholeNumbersTest, OfAnOptionThatIsGivenAgainTheLastIsRead) {
  EXPECT_EQ(Parse({"--epochs", "many", "--epochs", "007"}), "");
  EXPECT_EQ(epochs_, 7);
  EXPECT_EQ(Parse({"--epochs", "7", "--epochs", "0x7"}),
            "test: --epochs is '0x7'; must be a whole number");
}

TEST_F(WholeNumbersTest, OfSeveralValuesTheWrongOneIsNamed) {
  EXPECT_EQ(Parse({"--parts", "0.5", "half", "0.75"}), "test: --parts is 'half'; must be a number");
}

}  // namespace
}  // namespace distill
