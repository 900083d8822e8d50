#include "common/base/known_names.h"

#include "gtest/gtest.h"

namespace distill {
namespace {

TEST(KnownNamesTest, TheNearestIsSuggestedWhereItIsNear) {
  const std::vector<std::string> known = {"mlp_small", "resnet18", "resnet34"};
  for (const char* name : {"resnet19", "resnet_18", "ResNet18", "resnet1", "resnet-188"}) {
    EXPECT_EQ(DescribeKnownNames(name, known),
              "mlp_small, resnet18 or resnet34 (did you mean resnet18?)")
        << name;
  }
  EXPECT_EQ(DescribeKnownNames("mlp", {"mlp_small"}), "mlp_small");
  for (const char* name : {"", "vgg", "inception"}) {
    EXPECT_EQ(DescribeKnownNames(name, known), "mlp_small, resnet18 or resnet34") << name;
  }
}

TEST(KnownNamesTest, InsertedDroppedAndReplacedLettersCountTheSame) {
  const std::vector<std::string> known = {"abcdef"};
  for (const char* near : {"abcdef", "abcdefgh", "abcd", "xbcdey", "bcdefg"}) {
    EXPECT_EQ(DescribeKnownNames(near, known), "abcdef (did you mean abcdef?)") << near;
  }
  for (const char* far : {"abc", "xycdez", "fedcba"}) {
    EXPECT_EQ(DescribeKnownNames(far, known), "abcdef") << far;
  }
}

}  // namespace
}  // namespace distill
