#include "student_trainer/evaluation/student_logits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "common/base/files.h"
#include "common/torch/host_tensors.h"
#include "tests/common/inference/torchscript_file.h"
#include "tests/student_trainer/testing/small_model_directory.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using testing::IsOk;
using testing::SmallDescription;
using testing::StatusIs;
using testing::WriteSmallModel;

// uint8 [n, 1, side, side]
HostTensor Images(int64_t n, int64_t side = 4) {
  at::manual_seed(5);
  return FromTorch(torch::randint(0, 256, {n, 1, side, side}, torch::kUInt8));
}

class StudentLogitsTest : public ::testing::Test {
 protected:
  const testing::TempDir dir_;
  const ModelDescription description_ = SmallDescription();
  const std::shared_ptr<Model> model_ = WriteSmallModel(dir_.path(), description_);
};

TEST_F(StudentLogitsTest, OfAModelInTrainingAndOfItsDirectoryTheyAreTheSame) {
  const auto of_model = LogitsOf(*model_, description_, at::kCPU)({Images(6)});
  ASSERT_THAT(of_model, IsOk());
  EXPECT_EQ(of_model->sizes().vec(), (std::vector<int64_t>{6, 4}));
  const auto loaded = LoadedModel::Load(dir_.path());
  ASSERT_THAT(loaded, IsOk());
  const auto of_loaded = LogitsOfLoaded(**loaded)({Images(6)});
  ASSERT_THAT(of_loaded, IsOk());
  EXPECT_TRUE(at::allclose(*of_model, *of_loaded, 1e-4, 1e-5));
}

TEST_F(StudentLogitsTest, TheyAreTheModelsAsItIsWhenTheyAreAskedFor) {
  const LogitsFunction logits_of = LogitsOf(*model_, description_, at::kCPU);
  const at::Tensor before = logits_of({Images(6)}).value();
  {
    const at::NoGradGuard no_grad;
    for (const at::Tensor& parameter : model_->parameters()) parameter.mul_(2);
  }
  EXPECT_FALSE(at::allclose(logits_of({Images(6)}).value(), before));
}

TEST_F(StudentLogitsTest, AModelOfOneSampleIsAskedForOneAtATime) {
  const testing::TempDir dir;
  ModelDescription description;
  description.architecture = kTorchScriptArchitecture;
  description.inputs = {{"x", DType::kFloat32, {3}}};
  ASSERT_THAT(WriteFileAtomically(dir / kConfigFile, ToJson(description)), IsOk());
  testing::WriteTorchScript(dir / kTorchScriptFile,
                            "def forward(self, x):\n"
                            "    return torch.linear(x.view(1, 3), self.weight)\n");
  const auto loaded = LoadedModel::Load(dir.path());
  ASSERT_THAT(loaded, IsOk());
  EXPECT_TRUE(TakesOneSampleAlone(**loaded));
  const at::Tensor x = torch::rand({5, 3});
  const auto logits = LogitsOfLoaded(**loaded)({FromTorch(x)});
  ASSERT_THAT(logits, IsOk());
  EXPECT_EQ(logits->sizes().vec(), (std::vector<int64_t>{5, 4}));
  EXPECT_TRUE((*logits)[4].equal((*(*loaded)->Logits({x.narrow(0, 4, 1)}))[0]));
}

TEST_F(StudentLogitsTest, TheModelIsPutIntoEvalMode) {
  model_->train();
  ASSERT_THAT(LogitsOf(*model_, description_, at::kCPU)({Images(6)}), IsOk());
  EXPECT_FALSE(model_->is_training());
}

TEST_F(StudentLogitsTest, AModelThatThrowsIsAnErrorOfTheStudent) {
  ModelDescription other = description_;
  other.inputs[0].shape = {1, 5, 5};  // which the model does not take
  EXPECT_THAT(LogitsOf(*model_, other, at::kCPU)({Images(6, 5)}),
              StatusIs(absl::StatusCode::kInternal, ::testing::HasSubstr("student")));
}

}  // namespace
}  // namespace distill
