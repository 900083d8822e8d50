#include "student_trainer/students/ship.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/files.h"
#include "common/torch/normalize.h"
#include "student_trainer/students/trainable_model.h"
#include "tests/student_trainer/testing/small_model_directory.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using testing::IsOk;
using testing::SmallDescription;
using testing::StatusIs;
using testing::WriteSmallModel;

TEST(ShipTest, TheTorchScriptHasTheModelsLogits) {
  const testing::TempDir dir;
  const auto model = WriteSmallModel(dir / "model", SmallDescription());
  ASSERT_THAT(AddTorchScript(dir / "model"), IsOk());

  ModelDescription scripted = SmallDescription();
  scripted.architecture = kTorchScriptArchitecture;
  scripted.arguments = nlohmann::json::object();
  std::filesystem::create_directory(dir / "scripted");
  std::filesystem::copy(dir / "model" / kTorchScriptFile, dir / "scripted");
  ASSERT_THAT(WriteFileAtomically(dir / "scripted" / kConfigFile, ToJson(scripted)), IsOk());
  const auto loaded = LoadedModel::Load(dir / "scripted");
  ASSERT_THAT(loaded, IsOk());
  const at::Tensor images = torch::randint(0, 256, {5, 1, 4, 4}, torch::kUInt8);
  const at::Tensor expected = model->Forward(Normalize(images, scripted.normalization));
  EXPECT_TRUE(at::allclose((*loaded)->Logits({images}).value(), expected, 1e-4, 1e-5));
}

TEST(ShipTest, ADirectoryOfATorchScriptIsLeftAsItIs) {
  const testing::TempDir dir;
  ModelDescription scripted = SmallDescription();
  scripted.architecture = kTorchScriptArchitecture;
  scripted.arguments = nlohmann::json::object();
  ASSERT_THAT(WriteFileAtomically(dir / kConfigFile, ToJson(scripted)), IsOk());
  ASSERT_THAT(WriteFileAtomically(dir / kTorchScriptFile, "a script"), IsOk());
  ASSERT_THAT(AddTorchScript(dir.path()), IsOk());
  EXPECT_EQ(*ReadFile(dir / kTorchScriptFile), "a script");
}

TEST(ShipTest, ADirectoryWithoutAModelIsNamed) {
  const testing::TempDir dir;
  EXPECT_THAT(AddTorchScript(dir / "none"),
              StatusIs(absl::StatusCode::kNotFound, ::testing::HasSubstr((dir / "none").string())));
}

}  // namespace
}  // namespace distill
