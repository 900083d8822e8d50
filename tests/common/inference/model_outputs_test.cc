// Tests the outputs of LoadedModel beside the logits.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/files.h"
#include "common/inference/loaded_model.h"
#include "common/zoo/registry.h"
#include "tests/common/inference/torchscript_file.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::distill::testing::TempDir;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kPair[] =
    "def forward(self, x):\n"
    "    return torch.linear(x, self.weight), x * 2\n";
constexpr char kDict[] =
    "def forward(self, x):\n"
    "    return {'pooled': x * 2, 'other': x, 'logits': torch.linear(x, self.weight)}\n";

absl::StatusOr<std::unique_ptr<LoadedModel>> LoadScript(
    const TempDir& dir, const std::string& forward, std::vector<NamedOutput> outputs,
    const InputSpec& input = {"x", DType::kFloat32, {3}}) {
  ModelDescription description;
  description.architecture = kTorchScriptArchitecture;
  description.inputs = {input};
  if (input.shape == Shape{-1}) description.pad_id = 0;
  description.outputs = std::move(outputs);
  std::filesystem::create_directories(dir.path());
  const absl::Status written = WriteFileAtomically(dir / kConfigFile, ToJson(description));
  if (!written.ok()) return written;
  testing::WriteTorchScript(dir / kTorchScriptFile, forward);
  return LoadedModel::Load(dir.path());
}

TEST(ModelOutputsTest, EveryFamilyGivesLogitsAndFeatures) {
  for (const char* name : {"mlp_small", "cnn_student", "cnn_teacher", "cifar_resnet8", "resnet18",
                           "mobilenet_v2_050", "squeezenet1_1"}) {
    SCOPED_TRACE(name);
    const TempDir dir;
    const Architecture architecture = *ArchitectureOf(name, {3, 32, 32}, 5);
    const std::shared_ptr<Model> model = *CreateModel(architecture);
    model->eval();
    ModelDescription description;
    description.architecture = architecture.name;
    description.arguments = architecture.arguments;
    description.inputs = {{"image", DType::kFloat32, {3, 32, 32}}};
    ASSERT_TRUE(SaveModelDirectory(dir.path(), description, *model).ok());
    const auto loaded = LoadedModel::Load(dir.path());
    ASSERT_TRUE(loaded.ok()) << loaded.status();

    const c10::InferenceMode inference_mode;
    const at::Tensor x = at::rand({3, 3, 32, 32});
    const ModelOutput expected = model->Compute(x);
    EXPECT_THAT((*loaded)->outputs(), ElementsAre(OutputSpec{"logits", OutputKind::kLogits, 5, 1},
                                                  OutputSpec{"features", OutputKind::kFeatures,
                                                             expected.features.size(1), 1}));
    const auto outputs = (*loaded)->Compute({x});
    ASSERT_TRUE(outputs.ok()) << outputs.status();
    EXPECT_TRUE(at::allclose((*outputs)[1], expected.features, 1e-4, 1e-4));
    const at::Tensor logits =
        (*loaded)->has_head() ? (*loaded)->LogitsOf((*outputs)[1]) : (*outputs)[0];
    EXPECT_TRUE(at::allclose(logits, expected.logits, 1e-4, 1e-4));
    EXPECT_TRUE(logits.equal(*(*loaded)->Logits({x})));
  }
}

TEST(ModelOutputsTest, TuplesAndDictsAreTheTensorsThatTheConfigNames) {
  const at::Tensor x = at::rand({4, 3});
  const NamedOutput logits{"logits", OutputKind::kLogits};
  const struct {
    const char* forward;
    std::string second;
  } cases[] = {{kPair, "vector"}, {kDict, "pooled"}};
  for (const auto& c : cases) {
    const TempDir dir;
    const auto loaded = LoadScript(dir, c.forward, {logits, {c.second, OutputKind::kFeatures}});
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    EXPECT_THAT((*loaded)->outputs(),
                ElementsAre(OutputSpec{"logits", OutputKind::kLogits, 4, 1},
                            OutputSpec{c.second, OutputKind::kFeatures, 3, 1}));
    const auto outputs = (*loaded)->Compute({x});
    ASSERT_TRUE(outputs.ok()) << outputs.status();
    EXPECT_EQ((*outputs)[0].size(1), 4);
    EXPECT_TRUE((*outputs)[1].equal(x * 2));
  }
}

TEST(ModelOutputsTest, AModelMayGiveNoLogits) {
  const TempDir dir;
  const auto loaded = LoadScript(dir, "def forward(self, x):\n    return x * 2\n",
                                 {{"vector", OutputKind::kFeatures}});
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ((*loaded)->classes(), 0);
  EXPECT_EQ((*loaded)->Logits({at::ones({1, 3})}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(ModelOutputsTest, HiddenStatesHaveARowPerPosition) {
  const TempDir dir;
  const auto loaded = LoadScript(dir,
                                 "def forward(self, ids):\n"
                                 "    h = torch.embedding(self.weight, ids)\n"
                                 "    return h.sum(1), h\n",
                                 {{"logits", OutputKind::kLogits}, {"hidden", OutputKind::kHidden}},
                                 {"ids", DType::kInt64, {-1}});
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_THAT((*loaded)->outputs(), ElementsAre(OutputSpec{"logits", OutputKind::kLogits, 3, 1},
                                                OutputSpec{"hidden", OutputKind::kHidden, 3, -1}));
}

TEST(ModelOutputsTest, WhatTheConfigDoesNotDescribeIsRefused) {
  const NamedOutput logits{"logits", OutputKind::kLogits};
  const NamedOutput features{"features", OutputKind::kFeatures};
  const struct {
    const char* forward;
    std::vector<NamedOutput> outputs;
    std::string expected;
  } cases[] = {
      {kPair, {}, R"("outputs": [{"name": "logits")"},
      {kDict, {}, R"("outputs": [{"name": "logits")"},
      {kPair, {logits}, "gives 2 tensors, where `outputs` names 1"},
      {kDict,
       {logits, features},
       "without the key 'features', which `outputs` names; it has 'pooled'"},
      {"def forward(self, x):\n    return torch.linear(x, self.weight)\n",
       {logits, features},
       "gives Tensor, where `outputs` names 2 tensors"},
      {"def forward(self, x):\n    return x, x.unsqueeze(1)\n", {logits, features}, "[1, width]"},
  };
  for (const auto& c : cases) {
    const TempDir dir;
    EXPECT_THAT(std::string(LoadScript(dir, c.forward, c.outputs).status().message()),
                AllOf(HasSubstr(dir.path().string()), HasSubstr(c.expected)));
  }
}

TEST(ModelOutputsTest, AWidthThatChangesIsAnError) {
  const TempDir dir;
  const auto loaded =
      LoadScript(dir,
                 "def forward(self, x):\n"
                 "    if float(x.max()) > 100.0:\n"
                 "        return x, x[:, :2]\n"
                 "    return x, x\n",
                 {{"logits", OutputKind::kLogits}, {"features", OutputKind::kFeatures}});
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_TRUE((*loaded)->Compute({at::ones({2, 3})}).ok());
  const absl::Status changed = (*loaded)->Compute({at::full({2, 3}, 200)}).status();
  EXPECT_EQ(changed.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(changed.message()), HasSubstr("features [2, 2]"));
}

}  // namespace
}  // namespace distill
