#include "common/model_directory/model_directory.h"

#include <gmock/gmock.h>

#include <string>

#include "common/base/files.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::testing::AllOf;
using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::TempDir;

std::string Config(const std::string& architecture) {
  return ToJson({.architecture = architecture, .inputs = {{"x", DType::kFloat32, {4}}}});
}

TEST(ModelDirectoryTest, IsReadWhereConfigAndWeightsAreThere) {
  for (const auto& [architecture, weights] :
       {std::pair{"mlp", "model.safetensors"}, std::pair{"torchscript", "model.pt"}}) {
    const TempDir temp;
    ASSERT_THAT(WriteFileAtomically(temp / "config.json", Config(architecture)), IsOk());
    EXPECT_THAT(ReadModelDescription(temp.path()),
                ErrorIs(absl::StatusCode::kNotFound, HasSubstr((temp / weights).string())));
    ASSERT_THAT(WriteFileAtomically(temp / weights, "weights"), IsOk());
    const absl::StatusOr<ModelDescription> model = ReadModelDescription(temp.path());
    ASSERT_THAT(model, IsOk());
    EXPECT_EQ(model->architecture, architecture);
    EXPECT_EQ(WeightsPath(temp.path(), *model), temp / weights);
  }
}

TEST(ModelDirectoryTest, TheFolderOfARunIsToldFromItsModel) {
  const TempDir run;
  std::filesystem::create_directory(run / "model");
  ASSERT_THAT(WriteFileAtomically(run / "model/config.json", Config("mlp")), IsOk());
  EXPECT_THAT(ReadModelDescription(run.path()),
              ErrorIs(absl::StatusCode::kNotFound,
                      AllOf(HasSubstr("it is the folder of a run; name its model"),
                            HasSubstr((run / "model").string()))));
}

TEST(ModelDirectoryTest, WhatIsMissingOrWrongIsNamed) {
  const TempDir temp;
  EXPECT_THAT(ReadModelDescription(temp / "absent"),
              ErrorIs(absl::StatusCode::kNotFound, HasSubstr((temp / "absent").string())));
  EXPECT_THAT(ReadModelDescription(temp.path()),
              ErrorIs(absl::StatusCode::kNotFound, HasSubstr((temp / "config.json").string())));
  ASSERT_THAT(WriteFileAtomically(temp / "config.json", "{}"), IsOk());
  EXPECT_THAT(ReadModelDescription(temp.path()),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      AllOf(HasSubstr((temp / "config.json").string()), HasSubstr("'format'"))));
  EXPECT_THAT(ReadModelDescription(temp / "config.json"),
              ErrorIs(absl::StatusCode::kFailedPrecondition, HasSubstr("not a folder")));
}

}  // namespace
}  // namespace distill
