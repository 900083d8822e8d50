#include "common/model_directory/allowed_models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/files.h"
#include "common/base/sha256.h"
#include "common/model_directory/model_directory.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::distill::testing::ErrorIs;
using ::distill::testing::IsOk;
using ::distill::testing::TempDir;
using ::testing::HasSubstr;

class AllowedModelsTest : public ::testing::Test {
 protected:
  AllowedModelsTest() {
    ModelDescription description;
    description.architecture = kTorchScriptArchitecture;
    description.inputs = {{"x", DType::kFloat32, {3}}};
    EXPECT_THAT(WriteFileAtomically(dir_ / kConfigFile, ToJson(description)), IsOk());
    EXPECT_THAT(WriteFileAtomically(dir_ / kTorchScriptFile, "code"), IsOk());
  }

  absl::Status Check(const std::string& list) {
    EXPECT_THAT(WriteFileAtomically(dir_ / "allowed", list), IsOk());
    return CheckModelAllowed(dir_ / "allowed", dir_.path());
  }

  const TempDir dir_;
  const std::string sum_ = Sha256Hex("code");
};

TEST_F(AllowedModelsTest, AListedSumIsAllowedAsSha256sumPrintsIt) {
  const std::string other = Sha256Hex("other");
  EXPECT_THAT(
      Check(absl::StrCat("# looked at\n", other, "  a/model.pt\n\n", sum_, "  b/model.pt\n")),
      IsOk());
  EXPECT_THAT(Check(absl::AsciiStrToUpper(sum_)), IsOk());
}

TEST_F(AllowedModelsTest, AnotherSumIsRefusedAndTheModelsOwnIsNamed) {
  for (const std::string& list : {std::string(), Sha256Hex("other"), "# " + sum_}) {
    EXPECT_THAT(Check(list), ErrorIs(absl::StatusCode::kPermissionDenied,
                                     HasSubstr(absl::StrCat(sum_, "  ", dir_.path().string()))));
  }
}

TEST_F(AllowedModelsTest, ALineThatIsNoSumIsNamed) {
  EXPECT_THAT(Check(sum_ + "\nabc  model.pt\n"),
              ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("allowed:2")));
}

TEST_F(AllowedModelsTest, AListThatIsNotThereIsNamed) {
  EXPECT_THAT(CheckModelAllowed(dir_ / "absent", dir_.path()),
              ErrorIs(absl::StatusCode::kNotFound, HasSubstr("absent")));
}

}  // namespace
}  // namespace distill
