#include "common/inference/scripted_model.h"

#include <filesystem>
#include <fstream>

#include "common/inference/loaded_model.h"
#include "common/zoo/weights.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;

torch::jit::Module Part(const std::string& name, bool training) {
  torch::jit::Module module(name);
  module.register_attribute("training", c10::BoolType::get(), training);
  return module;
}

// norm: a batch norm of 3 inputs that also counts its batches by assigning a new tensor; linear: 3
// inputs to 4 classes, after dropout. Saved in eval mode.
void WriteScript(const std::filesystem::path& path) {
  torch::jit::Module norm = Part("Norm", false), linear = Part("Linear", false);
  norm.register_parameter("weight", at::ones({3}).requires_grad_(), /*is_buffer=*/false);
  norm.register_parameter("bias", at::zeros({3}).requires_grad_(), /*is_buffer=*/false);
  norm.register_parameter("running_mean", at::zeros({3}), /*is_buffer=*/true);
  norm.register_parameter("running_var", at::ones({3}), /*is_buffer=*/true);
  norm.register_parameter("batches", at::zeros({}, at::kLong), /*is_buffer=*/true);
  norm.define(R"(
    def forward(self, x):
        if self.training:
            self.batches = self.batches + 1
        return torch.batch_norm(x, self.weight, self.bias, self.running_mean, self.running_var,
                                self.training, 0.1, 1e-5, False)
  )");
  linear.register_parameter("weight", at::arange(12, at::kFloat).view({4, 3}).requires_grad_(),
                            /*is_buffer=*/false);
  linear.define(R"(
    def forward(self, x):
        return torch.linear(torch.dropout(x, 0.5, self.training), self.weight)
  )");
  torch::jit::Module module = Part("Net", false);
  module.register_module("norm", norm);
  module.register_module("linear", linear);
  module.define(R"(
    def forward(self, x):
        return self.linear.forward(self.norm.forward(x))
  )");
  module.save(path.string());
}

std::shared_ptr<ScriptedModel> Load(const std::filesystem::path& path) {
  const auto model = ScriptedModel::Load(path);
  EXPECT_TRUE(model.ok()) << model.status();
  return *model;
}

class ScriptedModelTest : public ::testing::Test {
 protected:
  ScriptedModelTest() { WriteScript(path_); }

  const TempDir dir_;
  const std::filesystem::path path_ = dir_ / "model.pt";
  const at::Tensor x_ = at::rand({8, 3}) * 3 + 1;
};

TEST_F(ScriptedModelTest, ItsStateHasTheScriptsNames) {
  const TensorMap state = StateOf(*Load(path_));
  std::vector<std::string> names;
  for (const auto& [name, tensor] : state) names.push_back(name);
  EXPECT_THAT(names,
              ::testing::ElementsAre("linear.weight", "norm.batches", "norm.bias",
                                     "norm.running_mean", "norm.running_var", "norm.weight"));
  EXPECT_EQ(TrainableParameters(*Load(path_)).size(), 3u);
}

TEST_F(ScriptedModelTest, TrainAndEvalReachTheScript) {
  const auto model = Load(path_);
  model->eval();
  EXPECT_TRUE(model->Forward(x_).equal(model->Forward(x_)));
  model->train();
  EXPECT_FALSE(model->Forward(x_).equal(model->Forward(x_)));  // dropout
}

TEST_F(ScriptedModelTest, BuffersFollowTheScriptEvenWhereItAssignsThemAnew) {
  const auto model = Load(path_);
  model->train();
  for (int i = 0; i < 3; ++i) model->Forward(x_);
  EXPECT_EQ(model->named_buffers()["norm.batches"].item<int64_t>(), 3);
  EXPECT_TRUE(at::allclose(model->named_buffers()["norm.running_mean"],
                           x_.mean(0) * (1 - 0.9 * 0.9 * 0.9), 1e-4));
}

TEST_F(ScriptedModelTest, GradientsAreThoseOfItsParameters) {
  const auto model = Load(path_);
  model->eval();
  model->Forward(x_).sum().backward();
  const at::Tensor normed = x_ / std::sqrt(1 + 1e-5);
  EXPECT_TRUE(at::allclose(model->named_parameters()["linear.weight"].grad(),
                           normed.sum(0).expand({4, 3}), 1e-5));
}

TEST_F(ScriptedModelTest, AParameterWithNewMemoryIsStillTheScripts) {
  const auto model = Load(path_);
  model->eval();
  at::Tensor weight = model->named_parameters()["linear.weight"];
  weight.set_data(at::zeros_like(weight));
  EXPECT_EQ(model->Forward(x_).abs().sum().item<float>(), 0);
}

TEST_F(ScriptedModelTest, WhatIsSavedIsServedWithTheTrainedWeights) {
  const auto model = Load(path_);
  model->train();
  model->Forward(x_);
  {
    const at::NoGradGuard no_grad;
    model->named_parameters()["linear.weight"].mul_(0.5);
  }
  ModelDescription description;
  description.architecture = std::string(kTorchScriptArchitecture);
  description.inputs = {{.name = "x", .dtype = DType::kFloat32, .shape = {3}}};
  const absl::Status saved = SaveModelDirectory(dir_ / "trained", description, *model);
  ASSERT_TRUE(saved.ok()) << saved;
  EXPECT_TRUE(model->is_training());
  model->eval();
  const at::Tensor expected = model->Forward(x_).detach();

  const auto served = LoadedModel::Load(dir_ / "trained");
  ASSERT_TRUE(served.ok()) << served.status();
  EXPECT_TRUE(at::allclose(*(*served)->Logits({x_}), expected, 1e-5, 1e-5));
  const auto again = Load(dir_ / "trained" / kTorchScriptFile);
  again->eval();
  EXPECT_TRUE(again->Forward(x_).equal(expected));
}

TEST_F(ScriptedModelTest, StateOfAnotherRunIsLoaded) {
  const auto trained = Load(path_), fresh = Load(path_);
  trained->train();
  for (int i = 0; i < 2; ++i) trained->Forward(x_);
  ASSERT_TRUE(LoadState(StateOf(*trained), *fresh).ok());
  fresh->train();
  fresh->Forward(x_);
  EXPECT_EQ(fresh->named_buffers()["norm.batches"].item<int64_t>(), 3);
}

TEST_F(ScriptedModelTest, WhatCannotBeTrainedIsRefusedByName) {
  std::ofstream(dir_ / "text.pt") << "not one";
  EXPECT_THAT(ScriptedModel::Load(dir_ / "text.pt").status().ToString(),
              HasSubstr("text.pt is not TorchScript"));
  torch::jit::Module script = torch::jit::load(path_.string());
  torch::jit::freeze(script).save((dir_ / "frozen.pt").string());
  const absl::Status frozen = ScriptedModel::Load(dir_ / "frozen.pt").status();
  EXPECT_EQ(frozen.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(frozen.ToString(), HasSubstr("frozen"));
}

}  // namespace
}  // namespace distill
