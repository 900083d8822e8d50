#include "common/inference/loaded_model.h"

#include <fstream>

#include "absl/strings/str_cat.h"
#include "common/base/files.h"
#include "common/inference/multiply_adds.h"
#include "common/inference/torchscript_export.h"
#include "common/torch/normalize.h"
#include "common/zoo/registry.h"
#include "common/zoo/weights.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/common/inference/torchscript_file.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TempDir;
using testing::WriteTorchScript;

ModelDescription ImageDescription() {
  ModelDescription description;
  const Architecture architecture = *ArchitectureOf("cnn_student", {3, 16, 16}, 4);
  description.architecture = architecture.name;
  description.arguments = architecture.arguments;
  description.inputs = {{"image", DType::kUint8, {3, 16, 16}}};
  description.normalization = {255, {0.5, 0.4, 0.3}, {0.2, 0.3, 0.4}};
  description.class_names = {"a", "b", "c", "d"};
  return description;
}

std::shared_ptr<Model> MakeModel(const ModelDescription& description) {
  return *CreateModel({description.architecture, description.arguments});
}

ModelDescription VectorDescription() {
  ModelDescription description;
  description.architecture = kTorchScriptArchitecture;
  description.inputs = {{"features", DType::kFloat32, {3}}};
  return description;
}

// Writes a model directory with a TorchScript file that has this forward method.
void WriteTorchScriptDirectory(const TempDir& dir, const ModelDescription& description,
                               const std::string& forward) {
  ASSERT_TRUE(WriteFileAtomically(dir / kConfigFile, ToJson(description)).ok());
  WriteTorchScript(dir / kTorchScriptFile, forward);
}

std::string LoadError(const TempDir& dir) {
  return LoadedModel::Load(dir.path()).status().ToString();
}

TEST(LoadedModelTest, SavedModelGivesTheLogitsOfTheModuleOnNormalisedInputs) {
  const TempDir dir;
  const ModelDescription description = ImageDescription();
  const auto module = MakeModel(description);
  module->Forward(at::rand({8, 3, 16, 16}));
  ASSERT_TRUE(SaveModelDirectory(dir / "new/model", description, *module).ok());

  const auto loaded = LoadedModel::Load(dir / "new/model");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ((*loaded)->classes(), 4);
  EXPECT_EQ((*loaded)->parameters(), CountParameters(*module));
  EXPECT_EQ((*loaded)->multiply_adds(), CountMultiplyAdds([&] {
              MakeModel(description)->Forward(at::zeros({1, 3, 16, 16}));
            }));
  EXPECT_EQ((*loaded)->fingerprint().size(), 64u);
  EXPECT_EQ((*loaded)->bytes(),
            static_cast<int64_t>(std::filesystem::file_size(dir / "new/model" / kWeightsFile)));
  EXPECT_EQ((*loaded)->description().class_names, description.class_names);

  module->eval();
  const at::NoGradGuard no_grad;
  for (int64_t n : {1, 5, 32}) {
    const at::Tensor pixels = at::randint(256, {n, 3, 16, 16}, at::kByte);
    const at::Tensor expected = module->Forward(Normalize(pixels, description.normalization));
    const absl::StatusOr<at::Tensor> logits = (*loaded)->Logits({pixels});
    ASSERT_TRUE(logits.ok()) << logits.status();
    EXPECT_EQ(logits->scalar_type(), at::kFloat);
    EXPECT_TRUE(at::allclose(*logits, expected, 1e-5, 1e-5 * expected.abs().max().item<double>()));
  }
}

TEST(LoadedModelTest, InputsTheModelCannotTakeAreInternal) {
  const TempDir dir;
  const ModelDescription description = ImageDescription();
  ASSERT_TRUE(SaveModelDirectory(dir.path(), description, *MakeModel(description)).ok());
  const auto loaded = LoadedModel::Load(dir.path());
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const absl::Status status = (*loaded)->Logits({at::zeros({1, 2, 16, 16}, at::kByte)}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_TRUE((*loaded)->Logits({at::zeros({1, 3, 16, 16}, at::kByte)}).ok());
}

TEST(LoadedModelTest, AnotherNumberOfInputsIsRefused) {
  const TempDir dir;
  const ModelDescription description = ImageDescription();
  ASSERT_TRUE(SaveModelDirectory(dir.path(), description, *MakeModel(description)).ok());
  const auto loaded = LoadedModel::Load(dir.path());
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const at::Tensor pixels = at::zeros({1, 3, 16, 16}, at::kByte);
  EXPECT_EQ((*loaded)->Logits({}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ((*loaded)->Logits({pixels, pixels}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(LoadedModelTest, FolderThatIsNoModelDirectoryIsNamed) {
  const TempDir dir;
  EXPECT_THAT(LoadError(dir), HasSubstr(dir.path().string()));
}

TEST(LoadedModelTest, DirectoriesThatDoNotFitTheirWeightsAreRefusedByName) {
  struct {
    std::string expected;
    std::function<void(ModelDescription&)> spoil;
  } const cases[] = {
      {"class_names",
       [](ModelDescription& d) {
         d.class_names = {"a", "b"};
       }},
      {"is 2; must be 1",
       [](ModelDescription& d) {
         d.inputs.push_back({"b", DType::kUint8, {3}});
       }},
      {"image: uint8[3]", [](ModelDescription& d) { d.inputs[0].shape = {3}; }},
      {"'width' is not known", [](ModelDescription& d) { d.arguments["width"] = 1; }},
      {"classifier.1.weight has shape [4, ",
       [](ModelDescription& d) { d.arguments["classes"] = 5; }},
      {"the architecture is 'vit'; must be ", [](ModelDescription& d) { d.architecture = "vit"; }},
  };
  for (const auto& test : cases) {
    const TempDir dir;
    ModelDescription description = ImageDescription();
    ASSERT_TRUE(SaveModelDirectory(dir.path(), description, *MakeModel(description)).ok());
    test.spoil(description);
    ASSERT_TRUE(WriteFileAtomically(dir / kConfigFile, ToJson(description)).ok());
    EXPECT_THAT(LoadError(dir), AllOf(HasSubstr(dir.path().string()), HasSubstr(test.expected)));
  }
}

TEST(LoadedModelTest, TruncatedWeightsAreRefused) {
  const TempDir dir;
  const ModelDescription description = ImageDescription();
  ASSERT_TRUE(SaveModelDirectory(dir.path(), description, *MakeModel(description)).ok());
  std::filesystem::resize_file(dir / kWeightsFile,
                               std::filesystem::file_size(dir / kWeightsFile) - 4);
  EXPECT_EQ(LoadedModel::Load(dir.path()).status().code(), absl::StatusCode::kDataLoss);
}

TEST(LoadedModelTest, TorchScriptIsServed) {
  const TempDir dir;
  WriteTorchScriptDirectory(dir, VectorDescription(), R"(
      def forward(self, x):
          return torch.linear(x, self.weight)
  )");
  const auto loaded = LoadedModel::Load(dir.path());
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ((*loaded)->classes(), 4);
  EXPECT_EQ((*loaded)->parameters(), 12);
  const absl::StatusOr<at::Tensor> logits = (*loaded)->Logits({at::ones({2, 3})});
  ASSERT_TRUE(logits.ok()) << logits.status();
  EXPECT_TRUE((*logits)[1].equal(at::tensor({3.0f, 12.0f, 21.0f, 30.0f})));
}

// LibTorch's optimised convolutions hand their layout on to operations that do not support it.
TEST(LoadedModelTest, TorchScriptThatCannotBeOptimisedIsServedAsItIs) {
  ModelDescription description = VectorDescription();
  description.inputs = {{"image", DType::kFloat32, {3, 32, 32}}};
  for (const char* pool : {"torch.adaptive_avg_pool2d(y, [5, 5])",
                           "torch.max_pool2d(y, [2, 2], [6, 6], [0, 0], [2, 2])",
                           "torch.relu(torch.adaptive_avg_pool2d(y, [4, 4]))"}) {
    const TempDir dir;
    const std::string forward = absl::StrCat(
        "def forward(self, x):\n"
        "    y = torch.conv2d(x, self.weight.view(4, 3, 1, 1))\n"
        "    return torch.flatten(",
        pool, ", 1)\n");
    WriteTorchScriptDirectory(dir, description, forward);
    const auto loaded = LoadedModel::Load(dir.path());
    ASSERT_TRUE(loaded.ok()) << pool << loaded.status();
    torch::jit::Module plain = torch::jit::load((dir / kTorchScriptFile).string());
    for (const int64_t samples : {1, 3, 7, 3}) {
      const at::Tensor x = at::randn({samples, 3, 32, 32});
      const auto logits = (*loaded)->Logits({x});
      ASSERT_TRUE(logits.ok()) << pool << logits.status();
      EXPECT_TRUE(at::allclose(*logits, plain.forward({x}).toTensor(), 1e-4, 1e-4)) << pool;
    }
  }
}

// A module with methods of its own that raises: LibTorch describes the error.
TEST(LoadedModelTest, AnErrorOfAScriptIsAnError) {
  const TempDir dir;
  WriteTorchScriptDirectory(dir, VectorDescription(), R"(
      def check(self, x):
          assert bool(x.max() <= 5.0), "too large"
          return x

      def forward(self, x):
          return torch.linear(self.check(x), self.weight)
  )");
  for (int start = 0; start < 10; ++start) {
    const auto loaded = LoadedModel::Load(dir.path());
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    EXPECT_TRUE((*loaded)->Logits({at::ones({2, 3})}).ok());
    EXPECT_EQ((*loaded)->Logits({at::full({2, 3}, 9.0)}).status().code(),
              absl::StatusCode::kInternal);
    EXPECT_TRUE((*loaded)->Logits({at::ones({2, 3})}).ok());
  }
}

TEST(LoadedModelTest, TorchScriptCostsTheMultiplyAddsOfTheModelThatItWasMadeOf) {
  const auto module = MakeModel(ImageDescription());
  const at::Tensor example = at::zeros({1, 3, 16, 16});
  ModelDescription description = VectorDescription();
  description.inputs = {{"image", DType::kUint8, {3, 16, 16}}};
  const TempDir dir;
  ASSERT_TRUE(WriteFileAtomically(dir / kConfigFile, ToJson(description)).ok());
  ASSERT_TRUE(ExportTorchScript(*module, example, dir / kTorchScriptFile).ok());
  const auto loaded = LoadedModel::Load(dir.path());
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ((*loaded)->multiply_adds(), CountMultiplyAdds([&] { module->Forward(example); }));
}

TEST(LoadedModelTest, SequencesGiveOneRowAPosition) {
  const TempDir dir;
  ModelDescription description = VectorDescription();
  description.inputs = {{"tokens", DType::kInt64, {-1}}};
  description.pad_id = 0;
  WriteTorchScriptDirectory(dir, description, R"(
      def forward(self, tokens):
          return torch.embedding(self.weight, tokens)
  )");
  const auto loaded = LoadedModel::Load(dir.path());
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ((*loaded)->classes(), 3);
  EXPECT_EQ((*loaded)->rows_per_sample(), -1);
  const at::Tensor tokens = at::tensor({0, 1, 2, 3, 3, 0}, at::kLong).view({3, 2});
  const absl::StatusOr<at::Tensor> logits = (*loaded)->Logits({tokens});
  ASSERT_TRUE(logits.ok()) << logits.status();
  EXPECT_EQ(logits->sizes(), (at::IntArrayRef{3, 2, 3}));
  EXPECT_TRUE((*logits)[1][1].equal(at::tensor({9.0f, 10.0f, 11.0f})));
}

TEST(LoadedModelTest, TorchScriptThatCannotBeServedIsRefusedByName) {
  struct {
    std::string forward;  // the method's body
    std::string expected;
  } const cases[] = {
      {"return torch.linear(x, x)[0][0]", "[1, classes]"},
      {"return torch.cat([x, x])", "[1, classes]"},
      {"return x > 0", "[1, classes]"},
      {"return (x, x)", "instead of one tensor"},
      {"return torch.linear(x, torch.cat([x, x], 1))", "one sample of zeros"},
  };
  for (const auto& test : cases) {
    const TempDir dir;
    WriteTorchScriptDirectory(dir, VectorDescription(),
                              "def forward(self, x):\n    " + test.forward + "\n");
    EXPECT_THAT(LoadError(dir), AllOf(HasSubstr(dir.path().string()), HasSubstr(test.expected)))
        << test.forward;
  }
}

constexpr char kLinearForward[] = "def forward(self, x):\n    return torch.linear(x, self.weight)";

// Loads a model that applies `last` to torch.linear(x, self.weight), with `output` in config.json.
absl::StatusOr<std::unique_ptr<LoadedModel>> LoadEnding(const TempDir& dir, const std::string& last,
                                                        std::optional<OutputForm> output) {
  ModelDescription description = VectorDescription();
  description.output = output;
  WriteTorchScriptDirectory(dir, description, absl::StrCat(kLinearForward, last, "\n"));
  return LoadedModel::Load(dir.path());
}

TEST(LoadedModelTest, LogitsThatLieBetweenZeroAndOneAreLogits) {
  for (const char* last : {".mul(0.001).add(0.5)", ".relu().mul(0.001).add(0.1)"}) {
    const TempDir dir;
    const auto loaded = LoadEnding(dir, last, std::nullopt);
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    EXPECT_EQ((*loaded)->suspected_output(), OutputForm::kLogits) << last;
  }
}

TEST(LoadedModelTest, AModelThatGivesProbabilitiesIsNoticed) {
  const struct {
    const char* last;
    OutputForm form;
  } cases[] = {{"", OutputForm::kLogits},
               {".softmax(-1)", OutputForm::kProbabilities},
               {".log_softmax(-1)", OutputForm::kLogProbabilities},
               {".sigmoid()", OutputForm::kSigmoid}};
  const at::Tensor x = 0.1 * at::randn({5, 3});
  at::Tensor expected;
  for (const auto& c : cases) {
    SCOPED_TRACE(c.last);
    const TempDir dir;
    const auto guessed = LoadEnding(dir, c.last, std::nullopt);
    ASSERT_TRUE(guessed.ok()) << guessed.status();
    EXPECT_EQ((*guessed)->suspected_output(), c.form);

    const auto declared = LoadEnding(dir, c.last, c.form);
    ASSERT_TRUE(declared.ok()) << declared.status();
    EXPECT_EQ((*declared)->suspected_output(), OutputForm::kLogits);
    const bool same = c.form == OutputForm::kLogits || c.form == OutputForm::kLogProbabilities;
    EXPECT_EQ((*declared)->fingerprint() == (*guessed)->fingerprint(), same);
    const at::Tensor distribution = (*declared)->Logits({{x}})->div(4).softmax(-1);
    if (!expected.defined()) expected = distribution;
    EXPECT_TRUE(at::allclose(distribution, expected, 1e-4, 1e-6));
  }
}

TEST(LoadedModelTest, OneNumberPerSampleNeedsAnOutput) {
  const TempDir dir;
  const std::string one = ".narrow(1, 0, 1)";
  EXPECT_THAT(LoadEnding(dir, one, std::nullopt).status().ToString(),
              AllOf(HasSubstr("one number per sample"), HasSubstr("\"output\"")));
  const auto model = LoadEnding(dir, one + ".sigmoid()", OutputForm::kSigmoid);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ((*model)->classes(), 2);
  EXPECT_EQ((*model)->Logits({{at::randn({5, 3})}})->sizes(), at::IntArrayRef({5, 2}));
}

TEST(LoadedModelTest, AnOutputThatIsNotWhatTheModelGivesIsRefused) {
  const TempDir dir;
  for (const OutputForm form : {OutputForm::kProbabilities, OutputForm::kSigmoid}) {
    EXPECT_THAT(LoadEnding(dir, ".mul(9)", form).status().ToString(),
                AllOf(HasSubstr(std::string(Name(form))), HasSubstr("below 0 or above 1")));
  }
}

TEST(LoadedModelTest, FileThatIsNoTorchScriptIsRefusedByName) {
  const TempDir dir;
  ASSERT_TRUE(WriteFileAtomically(dir / kConfigFile, ToJson(VectorDescription())).ok());
  std::ofstream(dir / kTorchScriptFile) << "not one";
  EXPECT_THAT(LoadError(dir), AllOf(HasSubstr("INVALID_ARGUMENT"), HasSubstr(kTorchScriptFile),
                                    HasSubstr("is not TorchScript")));
}

TEST(LoadedModelTest, OutputOfAnotherShapeThanAtLoadIsInternal) {
  const TempDir dir;
  WriteTorchScriptDirectory(dir, VectorDescription(), R"(
      def forward(self, x):
          return x[0:1]
  )");
  const auto loaded = LoadedModel::Load(dir.path());
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ((*loaded)->Logits({at::ones({2, 3})}).status().code(), absl::StatusCode::kInternal);
}

TEST(LoadedModelTest, AMaskIsGivenWhereTheModelAsksForOne) {
  const TempDir dir;
  ModelDescription description = VectorDescription();
  description.inputs = {{"tokens", DType::kInt64, {-1}}};
  description.pad_id = 9;
  WriteTorchScriptDirectory(dir, description, R"(
      def forward(self, tokens, attention_mask):
          return attention_mask.float()
  )");
  const auto loaded = LoadedModel::Load(dir.path());
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_TRUE((*loaded)->takes_mask());
  const at::Tensor tokens = at::tensor({1, 2, 9, 3, 9, 9, 0, 9}, at::kLong).view({1, 8});
  EXPECT_TRUE((*loaded)->Logits({tokens})->view({8}).equal(
      at::tensor({1, 1, 0, 1, 0, 0, 1, 0}, at::kFloat)));
}

TEST(SaveModelDirectoryTest, FingerprintFollowsTheWeights) {
  const TempDir dir;
  const ModelDescription description = ImageDescription();
  const auto module = MakeModel(description);
  const auto fingerprint = [&] {
    EXPECT_TRUE(SaveModelDirectory(dir.path(), description, *module).ok());
    return (*LoadedModel::Load(dir.path()))->fingerprint();
  };
  const std::string first = fingerprint();
  EXPECT_EQ(fingerprint(), first);
  const at::NoGradGuard no_grad;
  module->parameters()[0].add_(1);
  EXPECT_NE(fingerprint(), first);
}

TEST(SaveModelDirectoryTest, AModelOfTheZooIsNotWrittenAsTorchScript) {
  const TempDir dir;
  EXPECT_EQ(
      SaveModelDirectory(dir.path(), VectorDescription(), *MakeModel(ImageDescription())).code(),
      absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

TEST(SaveModelDirectoryTest, FolderThatCannotBeMadeIsNamed) {
  const TempDir dir;
  std::ofstream(dir / "file") << "x";
  const ModelDescription description = ImageDescription();
  EXPECT_THAT(
      SaveModelDirectory(dir / "file/model", description, *MakeModel(description)).ToString(),
      HasSubstr((dir / "file/model").string()));
}

}  // namespace
}  // namespace distill
