#include "student_trainer/students/trainable_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/files.h"
#include "common/zoo/weights.h"
#include "tests/student_trainer/testing/small_model_directory.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::SmallDescription;
using testing::StatusIs;
using testing::WriteSmallModel;

TEST(TrainableModelTest, ADirectoryGivesTheModelWithItsWeightsToTrain) {
  const testing::TempDir dir;
  const auto written = WriteSmallModel(dir.path(), SmallDescription());
  const auto loaded = LoadTrainable(dir.path());
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(ToJson(loaded->description), ToJson(SmallDescription()));
  ASSERT_EQ(loaded->model->parameters().size(), written->parameters().size());
  for (const auto& item : loaded->model->named_parameters()) {
    EXPECT_TRUE(item.value().equal(written->named_parameters()[item.key()])) << item.key();
    EXPECT_TRUE(item.value().requires_grad()) << item.key();
  }
}

TEST(TrainableModelTest, WeightsThatDoNotFitAreNamed) {
  const testing::TempDir dir;
  TensorMap weights = StateOf(*WriteSmallModel(dir.path(), SmallDescription()));
  const std::string missing = weights.begin()->first;
  weights.erase(missing);
  EXPECT_THAT(MakeTrainable(SmallDescription(), weights),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(missing)));
}

TEST(TrainableModelTest, AnArchitectureThatDoesNotExistIsNamed) {
  ModelDescription description = SmallDescription();
  description.architecture = "perceptron";
  EXPECT_THAT(MakeTrainable(description, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("perceptron")));
}

TEST(TrainableModelTest, ATorchScriptThatIsNotOneIsRefused) {
  const testing::TempDir dir;
  ModelDescription scripted = SmallDescription();
  scripted.architecture = kTorchScriptArchitecture;
  scripted.arguments = nlohmann::json::object();
  ASSERT_THAT(WriteFileAtomically(dir / kConfigFile, ToJson(scripted)), IsOk());
  ASSERT_THAT(WriteFileAtomically(dir / kTorchScriptFile, "not a script"), IsOk());
  EXPECT_THAT(LoadTrainable(dir.path()), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace distill
