#include "common/inference/stability.h"

#include <filesystem>
#include <memory>
#include <string>

#include "common/base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/common/inference/torchscript_file.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::testing::AllOf;
using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;

absl::Status CheckScript(const std::string& forward) {
  const testing::TempDir dir;
  ModelDescription description;
  description.architecture = kTorchScriptArchitecture;
  description.inputs = {{"features", DType::kFloat32, {3}}};
  EXPECT_THAT(WriteFileAtomically(dir / kConfigFile, ToJson(description)), IsOk());
  testing::WriteTorchScript(dir / kTorchScriptFile, forward);
  const auto model = LoadedModel::Load(dir.path());
  return model.ok() ? CheckStable(**model) : model.status();
}

TEST(CheckStableTest, ASampleThatHasTheSameLogitsAlwaysPasses) {
  EXPECT_THAT(CheckScript("def forward(self, x):\n    return torch.linear(x, self.weight)\n"),
              IsOk());
}

TEST(CheckStableTest, DropoutThatWasLeftOnIsNamed) {
  EXPECT_THAT(
      CheckScript("def forward(self, x):\n"
                  "    return torch.dropout(torch.linear(x, self.weight), 0.5, True)\n"),
      ErrorIs(absl::StatusCode::kFailedPrecondition,
              AllOf(HasSubstr("other logits when it is asked again"), HasSubstr("dropout"))));
}

TEST(CheckStableTest, StatisticsOfTheBatchAreNamed) {
  EXPECT_THAT(CheckScript("def forward(self, x):\n"
                          "    y = torch.linear(x, self.weight)\n"
                          "    return y - y.mean()\n"),
              ErrorIs(absl::StatusCode::kFailedPrecondition,
                      AllOf(HasSubstr("other logits among other samples"),
                            HasSubstr("statistics of the batch"))));
}

TEST(CheckStableTest, AModelOfOneBatchSizeIsAskedTwiceOnly) {
  EXPECT_THAT(CheckScript("def forward(self, x):\n"
                          "    return torch.linear(x.view(1, 3), self.weight)\n"),
              IsOk());
}

}  // namespace
}  // namespace distill
