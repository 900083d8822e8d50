#include "student_trainer/commands/export_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "common/base/files.h"
#include "common/torch/host_tensors.h"
#include "common/zoo/weights.h"
#include "student_trainer/run/checkpoint.h"
#include "student_trainer/students/trainable_model.h"
#include "tests/student_trainer/testing/small_model_directory.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::SmallDescription;
using testing::StatusIs;
using testing::WriteSmallModel;

class ExportCommandTest : public ::testing::Test {
 protected:
  absl::Status Export(const std::filesystem::path& source) {
    return RunExport({.source = source.string(), .out = (dir_ / "out").string()}, out_);
  }

  // The exported model's parameters.
  std::map<std::string, at::Tensor> Exported() const {
    std::map<std::string, at::Tensor> parameters;
    const auto exported = LoadTrainable(dir_ / "out");
    EXPECT_THAT(exported, IsOk());
    if (!exported.ok()) return parameters;
    for (const auto& item : exported->model->named_parameters()) {
      parameters.emplace(item.key(), item.value().detach().clone());
    }
    return parameters;
  }

  const testing::TempDir dir_;
  std::ostringstream out_;
};

TEST_F(ExportCommandTest, ADirectoryIsWrittenAnewWithATorchScript) {
  const auto model = WriteSmallModel(dir_ / "model", SmallDescription());
  ASSERT_THAT(Export(dir_ / "model"), IsOk());
  for (const auto& [name, parameter] : Exported()) {
    EXPECT_TRUE(parameter.equal(model->named_parameters()[name])) << name;
  }
  EXPECT_TRUE(std::filesystem::exists(dir_ / "out" / kTorchScriptFile));
  EXPECT_THAT(out_.str(), HasSubstr(std::to_string(CountParameters(*model)) + " parameters"));
}

TEST_F(ExportCommandTest, OfACheckpointTheAverageIsExportedWhereThereIsOne) {
  const auto model = WriteSmallModel(dir_ / "model", SmallDescription());
  Checkpoint checkpoint{.description = ToJson(SmallDescription()), .model = StateOf(*model)};
  ASSERT_THAT(WriteCheckpoint(dir_ / "without", checkpoint), IsOk());
  ASSERT_THAT(Export(dir_ / "without"), IsOk());
  for (const auto& [name, parameter] : Exported()) {
    EXPECT_TRUE(parameter.equal(model->named_parameters()[name])) << name;
  }

  std::filesystem::remove_all(dir_ / "out");
  for (const auto& item : model->named_parameters()) {
    checkpoint.trainer["ema.average." + item.key()] = FromTorch(2 * item.value().detach());
  }
  ASSERT_THAT(WriteCheckpoint(dir_ / "with", checkpoint), IsOk());
  ASSERT_THAT(Export(dir_ / "with"), IsOk());
  for (const auto& [name, parameter] : Exported()) {
    EXPECT_TRUE(parameter.equal(2 * model->named_parameters()[name])) << name;
  }
}

TEST_F(ExportCommandTest, ACheckpointThatIsNotTheBestCarriesItsOwnFigures) {
  const auto model = WriteSmallModel(dir_ / "model", SmallDescription());
  ModelDescription best = SmallDescription();
  best.training = {{"best_epoch", 3}, {"validation", {{"errors", 0}}}, {"lr", 0.1}};
  Checkpoint checkpoint{.description = ToJson(best), .model = StateOf(*model)};
  checkpoint.progress = {.batches = 50, .epochs = 5, .has_best = true, .best_batches = 30};
  ASSERT_THAT(WriteCheckpoint(dir_ / "later", checkpoint), IsOk());
  ASSERT_THAT(Export(dir_ / "later"), IsOk());
  EXPECT_EQ(ReadModelDescription(dir_ / "out")->training,
            nlohmann::json({{"epoch", 5}, {"lr", 0.1}}));

  std::filesystem::remove_all(dir_ / "out");
  checkpoint.progress.batches = 30;
  ASSERT_THAT(WriteCheckpoint(dir_ / "best", checkpoint), IsOk());
  ASSERT_THAT(Export(dir_ / "best"), IsOk());
  EXPECT_EQ(ReadModelDescription(dir_ / "out")->training, best.training);
}

TEST_F(ExportCommandTest, AFolderOfCheckpointsNamesOneOfThem) {
  ASSERT_THAT(WriteFileAtomically(dir_ / "step_50.safetensors", ""), IsOk());
  EXPECT_THAT(Export(dir_.path()), StatusIs(absl::StatusCode::kInvalidArgument,
                                            HasSubstr((dir_ / "step_50.safetensors").string())));
}

TEST_F(ExportCommandTest, TheCheckpointOfATorchScriptIsRefused) {
  ModelDescription scripted = SmallDescription();
  scripted.architecture = kTorchScriptArchitecture;
  scripted.arguments = nlohmann::json::object();
  ASSERT_THAT(WriteCheckpoint(dir_ / "checkpoint", {.description = ToJson(scripted)}), IsOk());
  EXPECT_THAT(Export(dir_ / "checkpoint"), StatusIs(absl::StatusCode::kFailedPrecondition,
                                                    HasSubstr((dir_ / "checkpoint").string())));
}

TEST_F(ExportCommandTest, AFolderThatHoldsSomethingIsNotWrittenInto) {
  WriteSmallModel(dir_ / "model", SmallDescription());
  std::filesystem::create_directory(dir_ / "out");
  ASSERT_THAT(WriteFileAtomically(dir_ / "out" / "notes", "mine"), IsOk());
  EXPECT_FALSE(Export(dir_ / "model").ok());
  EXPECT_FALSE(std::filesystem::exists(dir_ / "out" / kConfigFile));
}

TEST_F(ExportCommandTest, WhatIsMissingIsNamed) {
  EXPECT_THAT(RunExport({.out = "x"}, out_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("`source`: it is missing")));
  EXPECT_THAT(RunExport({.source = "x"}, out_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("out")));
  EXPECT_THAT(Export(dir_ / "none"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr((dir_ / "none").string())));
}

}  // namespace
}  // namespace distill
