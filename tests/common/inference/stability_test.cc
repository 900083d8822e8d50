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
              AllOf(HasSubstr("other outputs when it is asked again"), HasSubstr("dropout"))));
}

TEST(CheckStableTest, StatisticsOfTheBatchAreNamed) {
  EXPECT_THAT(CheckScript("def forward(self, x):\n"
                          "    y = torch.linear(x, self.weight)\n"
                          "    return y - y.mean()\n"),
              ErrorIs(absl::StatusCode::kFailedPrecondition,
                      AllOf(HasSubstr("other outputs among other samples"),
                            HasSubstr("statistics of the batch"))));
}

TEST(CheckStableTest, RareAndSmallDrawsAreFound) {
  for (const char* forward :
       {"torch.linear(torch.dropout(x, 0.02, True), self.weight)",
        "torch.linear(x, self.weight) + 0.0001 * torch.randn(1)",
        // Stochastic depth, by sample.
        "torch.linear(x, self.weight) * (torch.rand([x.size(0), 1]) > 0.1).float()"}) {
    EXPECT_THAT(CheckScript(std::string("def forward(self, x):\n    return ") + forward + "\n"),
                ErrorIs(absl::StatusCode::kFailedPrecondition,
                        HasSubstr("other outputs when it is asked again")))
        << forward;
  }
}

TEST(CheckStableTest, OperationsOverTheBatchAreNamed) {
  for (const char* forward :
       {"torch.linear(x, self.weight).cumsum(0)", "torch.linear(x, self.weight).roll([1], [0])"}) {
    EXPECT_THAT(CheckScript(std::string("def forward(self, x):\n    return ") + forward + "\n"),
                ErrorIs(absl::StatusCode::kFailedPrecondition,
                        AllOf(HasSubstr("other outputs in another place of the batch"),
                              HasSubstr("batch_first"))))
        << forward;
  }
}

TEST(CheckStableTest, AModelOfOneBatchSizeIsAskedForOneSampleOnly) {
  EXPECT_THAT(CheckScript("def forward(self, x):\n"
                          "    return torch.linear(x.view(1, 3), self.weight)\n"),
              IsOk());
}

}  // namespace
}  // namespace distill
