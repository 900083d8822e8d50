#include "common/inference/torchscript_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/script.h>

#include <filesystem>
#include <set>
#include <string>

#include "common/zoo/registry.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

std::shared_ptr<Model> MakeFor(const std::string& name, const std::vector<int64_t>& input) {
  at::manual_seed(3);
  const auto architecture = ArchitectureOf(name, input, 7);
  EXPECT_TRUE(architecture.ok()) << architecture.status();
  return *CreateModel(*architecture);
}

// Runs some steps to set statistics, so that eval mode differs from that of a new module.
void SetStatistics(Model& model, const at::Tensor& x) {
  const at::NoGradGuard no_grad;
  model.train();
  for (int i = 0; i < 3; ++i) model.Forward(x + i);
}

TEST(ExportTorchScript, IsLoadedWithTheSameOutputsInBatchesOfAnySize) {
  const testing::TempDir dir;
  for (const std::string name : {"mlp_small", "cnn_student", "cifar_resnet20"}) {
    const std::vector<int64_t> input = {3, 32, 32};
    const auto model = MakeFor(name, input);
    SetStatistics(*model, torch::randn({4, 3, 32, 32}));
    const auto path = dir.path() / (name + ".pt");
    ASSERT_THAT(ExportTorchScript(*model, torch::zeros({1, 3, 32, 32}), path), IsOk()) << name;
    torch::jit::Module script = torch::jit::load(path.string());
    const at::NoGradGuard no_grad;
    for (const int64_t samples : {1, 3, 17}) {
      const at::Tensor x = torch::randn({samples, 3, 32, 32});
      EXPECT_TRUE(at::allclose(script.forward({x}).toTensor(), model->Forward(x), 1e-5, 1e-5))
          << name << ", " << samples << " samples";
    }
  }
}

TEST(ExportTorchScript, KeepsTheNamesOfParametersAndBuffers) {
  const testing::TempDir dir;
  const auto model = MakeFor("cifar_resnet20", {3, 32, 32});
  ASSERT_THAT(ExportTorchScript(*model, torch::zeros({1, 3, 32, 32}), dir.path() / "m.pt"), IsOk());
  torch::jit::Module script = torch::jit::load((dir.path() / "m.pt").string());
  std::set<std::string> expected, actual;
  for (const auto& item : model->named_parameters()) expected.insert(item.key());
  for (const auto& item : model->named_buffers()) expected.insert(item.key());
  for (const auto& item : script.named_parameters()) actual.insert(item.name);
  for (const auto& item : script.named_buffers()) actual.insert(item.name);
  EXPECT_EQ(actual, expected);
}

// A model whose trace freezes the size of the batch.
class Frozen : public OneInputModel {
 public:
  ModelOutput Compute(const at::Tensor& x) override {
    return {.logits = x + at::full({1}, static_cast<double>(x.size(0)))};
  }
};

TEST(ExportTorchScript, WhatATraceFreezesIsFoundAndNothingIsWritten) {
  const testing::TempDir dir;
  Frozen model;
  EXPECT_THAT(ExportTorchScript(model, torch::zeros({1, 4}), dir.path() / "m.pt"),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("other outputs for 2 samples")));
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "m.pt"));
}

}  // namespace
}  // namespace distill
