#include "common/base/flag_names.h"

#include <gtest/gtest.h>

namespace distill {
namespace {

TEST(FlagNamesTest, FieldsThatAreFlagsAreWrittenAsTheFlags) {
  const FlagNames flags = {"lr", "run_dir", "resume"};
  EXPECT_EQ(WithFlags("`lr` is 0; must be more than 0", flags), "--lr is 0; must be more than 0");
  EXPECT_EQ(WithFlags("`run_dir` a: it exists; set `resume`", flags),
            "--run_dir a: it exists; set --resume");
}

TEST(FlagNamesTest, AllElseStaysAsItIs) {
  const FlagNames flags = {"lr", "train"};
  for (const char* message : {"", "train: lr is small", "`peak` is 0; must be 1", "`lr", "a ` b",
                              "'lr' and \"lr\"", "`` `", "` lr `"}) {
    EXPECT_EQ(WithFlags(message, flags), message);
  }
}

TEST(FlagNamesTest, ABacktickWithoutAPartnerHidesNoField) {
  EXPECT_EQ(WithFlags("it's ` or `lr` is 0", {"lr"}), "it's ` or --lr is 0");
}

}  // namespace
}  // namespace distill
