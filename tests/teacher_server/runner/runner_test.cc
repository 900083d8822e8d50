#include "teacher_server/runner/runner.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "common/base/files.h"
#include "common/codec/encoding.h"
#include "common/contract/row_mask.h"
#include "common/inference/loaded_model.h"
#include "common/torch/host_tensors.h"
#include "common/zoo/registry.h"
#include "tests/common/inference/torchscript_file.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::distill::testing::IsOk;
using ::distill::testing::StatusIs;
using ::distill::testing::TempDir;
using ::distill::testing::WriteTorchScript;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

using Answers = std::vector<absl::StatusOr<EncodedTargets>>;

constexpr int64_t kFixedBatch = 8;

// A model directory with an MLP: uint8 [3, 4, 4] → 5 classes.
void WriteMlp(const std::filesystem::path& directory) {
  at::manual_seed(1);
  const Architecture architecture = *ArchitectureOf("mlp_small", {3, 4, 4}, 5);
  ModelDescription description;
  description.architecture = architecture.name;
  description.arguments = architecture.arguments;
  description.inputs = {{"image", DType::kUint8, {3, 4, 4}}};
  description.normalization.scale = 255;
  description.class_names = {"a", "b", "c", "d", "e"};
  ASSERT_THAT(SaveModelDirectory(directory, description, **CreateModel(architecture)), IsOk());
}

// A model directory with a TorchScript: float32 [3] → logits by this source.
void WriteScript(const std::filesystem::path& directory, const std::string& forward) {
  ModelDescription description;
  description.architecture = kTorchScriptArchitecture;
  description.inputs = {{"features", DType::kFloat32, {3}}};
  std::filesystem::create_directories(directory);
  ASSERT_THAT(WriteFileAtomically(directory / kConfigFile, ToJson(description)), IsOk());
  WriteTorchScript(directory / kTorchScriptFile, forward);
}

std::unique_ptr<Runner> Load(const std::filesystem::path& directory) {
  auto runners =
      LoadRunners({.model_directory = directory, .max_batch_samples = kFixedBatch, .threads = 1});
  EXPECT_THAT(runners, IsOk());
  return runners.ok() ? std::move(runners->front()) : nullptr;
}

// A request, and how its answer is encoded.
struct Asked {
  RunnerRequest request;
  OutputEncoding encoding;
  EncodeOptions options;
};

Asked Request(const at::Tensor& input) {
  return {.request = {.inputs = {FromTorch(input)}, .samples = input.size(0)}};
}

Answers Ask(Runner& runner, const std::vector<Asked>& asked) {
  std::vector<RunnerRequest> requests;
  for (const Asked& each : asked) requests.push_back(each.request);
  const std::vector<Computed> computed = runner.Run(requests);
  Answers answers;
  for (size_t i = 0; i < asked.size(); ++i) {
    if (!computed[i].ok()) {
      answers.push_back(computed[i].status());
      continue;
    }
    const Outputs& outputs = **computed[i];
    answers.push_back(outputs.Encode(0, {0, outputs.rows(0)}, asked[i].encoding, asked[i].options));
  }
  return answers;
}

at::Tensor Images(int64_t samples) { return at::randint(0, 256, {samples, 3, 4, 4}, at::kByte); }

// float32 [n, 3], each row filled with one value.
at::Tensor Features(const std::vector<double>& values) {
  return at::tensor(values, at::kFloat).unsqueeze(1).repeat({1, 3});
}

at::Tensor Logits(const absl::StatusOr<EncodedTargets>& answer) {
  return std::get<FullLogits>(DecodeTargets(*answer)).logits;
}

class MlpRunnerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    WriteMlp(dir_ / "teacher");
    runner_ = Load(dir_ / "teacher");
    ASSERT_NE(runner_, nullptr);
    model_ = *LoadedModel::Load(dir_ / "teacher");
  }

  TempDir dir_;
  std::unique_ptr<Runner> runner_;
  std::unique_ptr<LoadedModel> model_;  // what the runner's answers are compared with
};

TEST_F(MlpRunnerTest, SaysWhatItServesAndHow) {
  EXPECT_EQ(runner_->info().name, "teacher");
  EXPECT_EQ(runner_->info().fingerprint, model_->fingerprint());
  EXPECT_EQ(runner_->info().classes, 5);
  EXPECT_EQ(runner_->info().class_names.size(), 5u);
  const Numerics& numerics = runner_->numerics();
  EXPECT_EQ(numerics.runner, "zoo");
  EXPECT_EQ(numerics.dtype, "float32");
  EXPECT_EQ(numerics.device, "cpu");
  EXPECT_EQ(numerics.intra_op_threads, 1);
  EXPECT_EQ(numerics.fixed_batch_size, kFixedBatch);
  EXPECT_FALSE(numerics.blas.empty());
  EXPECT_FALSE(numerics.libtorch_version.empty());
}

TEST_F(MlpRunnerTest, EachRequestOfABatchGetsItsOwnRows) {
  const at::Tensor first = Images(3);
  const at::Tensor second = Images(2);
  const Answers answers = Ask(*runner_, {Request(first), Request(second)});
  ASSERT_EQ(answers.size(), 2u);
  ASSERT_THAT(answers[0], IsOk());
  ASSERT_THAT(answers[1], IsOk());
  EXPECT_THAT(Validate(*answers[0]), IsOk());
  EXPECT_TRUE(at::allclose(Logits(answers[0]), *model_->Logits({first}), 1e-5, 1e-5));
  EXPECT_TRUE(at::allclose(Logits(answers[1]), *model_->Logits({second}), 1e-5, 1e-5));
}

TEST_F(MlpRunnerTest, FeaturesAreServedBesideTheLogits) {
  EXPECT_EQ(runner_->info().outputs, model_->outputs());
  const at::Tensor images = Images(3);
  const std::vector<Computed> computed =
      runner_->Run({Request(Images(2)).request, Request(images).request});
  ASSERT_THAT(computed[1], IsOk());
  const Outputs& outputs = **computed[1];
  ASSERT_EQ(outputs.rows(1), 3);
  const auto answer = outputs.Encode(1, {0, 3}, {.spec = {.kind = OutputKind::kFeatures}}, {});
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(at::allclose(std::get<Vectors>(DecodeTargets(*answer)).values,
                           (*model_->Compute({images}))[1], 1e-5, 1e-5));
}

TEST_F(MlpRunnerTest, EachRequestIsEncodedByItsOwnSpec) {
  Asked half = Request(Images(2));
  half.encoding.spec.encoding = TargetEncoding::kDenseF16;
  const Answers answers = Ask(*runner_, {Request(Images(2)), half});
  ASSERT_THAT(answers[0], IsOk());
  ASSERT_THAT(answers[1], IsOk());
  EXPECT_EQ(answers[0]->parts.size(), 1u);
  EXPECT_EQ(answers[1]->parts.size(), 2u);
  EXPECT_EQ(answers[1]->spec, half.encoding.spec);
}

TEST_F(MlpRunnerTest, TargetsOfARequestAreThoseOfItsTemperatureAndItsSeed) {
  const at::Tensor images = Images(4);
  Asked request = Request(images);
  request.encoding.spec = {.encoding = TargetEncoding::kHeadSampled, .k = 2, .draws = 3};
  request.options.temperature = 3;
  request.options.seed = 5;
  Asked other_seed = request, other_temperature = request;
  other_seed.options.seed = 6;
  other_temperature.options.temperature = 1;
  // Whatever else is in the batch.
  const Answers answers =
      Ask(*runner_, {Request(Images(2)), request, other_seed, other_temperature});
  const at::Tensor logits = *model_->Logits({images});
  const EncodedTargets expected = EncodeTargets(request.encoding.spec, logits, {3, 5});
  ASSERT_THAT(answers[1], IsOk());
  ASSERT_EQ(answers[1]->parts.size(), 4u);
  EXPECT_TRUE(answers[1]->parts[0].bytes == expected.parts[0].bytes);
  EXPECT_TRUE(answers[1]->parts[3].bytes == expected.parts[3].bytes);
  EXPECT_FALSE(answers[2]->parts[0].bytes == expected.parts[0].bytes);
  EXPECT_FALSE(answers[3]->parts[1].bytes == expected.parts[1].bytes);
}

TEST_F(MlpRunnerTest, AClassOrderPermutesTheColumnsAndNothingElse) {
  const at::Tensor images = Images(6);
  const at::Tensor own = Logits(Ask(*runner_, {Request(images)})[0]);
  std::vector<int64_t> order = {0, 1, 2, 3, 4};
  do {
    Asked permuted = Request(images);
    permuted.encoding.class_order = std::make_shared<const std::vector<int64_t>>(order);
    const at::Tensor logits = Logits(Ask(*runner_, {permuted})[0]);
    for (int64_t c = 0; c < 5; ++c) {
      ASSERT_TRUE(at::equal(logits.select(1, c), own.select(1, order[static_cast<size_t>(c)])));
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(MlpRunnerTest, ABatchIndependentRequestGivesTheSameBytesWhateverElseRuns) {
  for (const int64_t samples : {1, 5, 8, 19}) {  // 19: more than two fixed batches
    Asked request = Request(Images(samples));
    request.request.batch_independent = true;
    const Answers before = Ask(*runner_, {request});
    ASSERT_THAT(before[0], IsOk());
    ASSERT_EQ(before[0]->rows, samples);
    Ask(*runner_, {Request(Images(3)), Request(Images(4))});
    const Answers after = Ask(*runner_, {request});
    EXPECT_EQ(before[0]->parts[0].bytes, after[0]->parts[0].bytes);
    EXPECT_TRUE(at::allclose(Logits(after[0]),
                             *model_->Logits({ToTorch(request.request.inputs[0].values)}), 1e-5,
                             1e-5));
  }
}

TEST_F(MlpRunnerTest, PaddingRepeatsTheLastSampleUpToTheFixedBatch) {
  const at::Tensor images = Images(3);
  Asked request = Request(images);
  request.request.batch_independent = true;
  const at::Tensor last = images.narrow(0, 2, 1).expand({kFixedBatch - 3, 3, 4, 4});
  EXPECT_TRUE(at::equal(Logits(Ask(*runner_, {request})[0]),
                        model_->Logits({at::cat({images, last})})->narrow(0, 0, 3)));
}

TEST_F(MlpRunnerTest, BatchesOfAnySizeAreAnsweredWhole) {
  for (int64_t samples = 1; samples <= 3 * kFixedBatch; ++samples) {
    const at::Tensor images = Images(samples);
    const Answers answers = Ask(*runner_, {Request(images)});
    ASSERT_THAT(answers[0], IsOk());
    EXPECT_TRUE(at::allclose(Logits(answers[0]), *model_->Logits({images}), 1e-5, 1e-5));
  }
}

TEST_F(MlpRunnerTest, InstancesAreEqualAndAnswerAlike) {
  const auto runners = LoadRunners({.model_directory = dir_ / "teacher",
                                    .max_batch_samples = kFixedBatch,
                                    .instances = 3,
                                    .threads = 1});
  ASSERT_THAT(runners, IsOk());
  ASSERT_EQ(runners->size(), 3u);
  const Asked request = Request(Images(kFixedBatch));
  const Bytes first = Ask(*runners->front(), {request})[0]->parts[0].bytes;
  for (const auto& runner : *runners) {
    EXPECT_EQ(runner->info(), runner_->info());
    EXPECT_EQ(runner->numerics(), runner_->numerics());
    EXPECT_EQ(Ask(*runner, {request})[0]->parts[0].bytes, first);
  }
}

TEST_F(MlpRunnerTest, HalfPrecisionIsCloseAndSaidInTheNumerics) {
  for (const auto& [dtype, name, tolerance] :
       {std::tuple{"bf16", "bfloat16", 0.05}, std::tuple{"f16", "float16", 0.01}}) {
    const auto runners = LoadRunners({.model_directory = dir_ / "teacher",
                                      .max_batch_samples = 4,
                                      .dtype = dtype,
                                      .threads = 1});
    ASSERT_THAT(runners, IsOk());
    EXPECT_EQ(runners->front()->numerics().dtype, name);
    const at::Tensor images = Images(4);
    const at::Tensor logits = Logits(Ask(*runners->front(), {Request(images)})[0]);
    const at::Tensor exact = *model_->Logits({images});
    EXPECT_TRUE(at::allclose(logits, exact, tolerance, tolerance)) << dtype;
    EXPECT_FALSE(at::equal(logits, exact)) << dtype;
  }
}

// Tokens int64 [length] → the mean one-hot of those that are not padding, [4 classes].
constexpr char kMeanToken[] =
    "def forward(self, tokens, attention_mask):\n"
    "  m = attention_mask.unsqueeze(-1).float()\n"
    "  return (torch.one_hot(tokens, 4).float() * m).sum(1) / m.sum(1)\n";
// One row per position: each token's own one-hot.
constexpr char kEachToken[] =
    "def forward(self, tokens, mask):\n"
    "  return torch.one_hot(tokens, 4).float() * mask.unsqueeze(-1).float()\n";

void WriteTokenModel(const std::filesystem::path& directory, const std::string& forward) {
  ModelDescription description;
  description.architecture = kTorchScriptArchitecture;
  description.inputs = {{"tokens", DType::kInt64, {-1}}};
  description.pad_id = 0;
  std::filesystem::create_directories(directory);
  ASSERT_THAT(WriteFileAtomically(directory / kConfigFile, ToJson(description)), IsOk());
  WriteTorchScript(directory / kTorchScriptFile, forward);
}

at::Tensor Tokens(const std::vector<int64_t>& ids) { return at::tensor(ids).unsqueeze(0); }

TEST(VariableLengthTest, ShorterRequestsArePaddedAndMaskedWithoutChangingTheirAnswers) {
  for (const std::string forward : {kMeanToken, kEachToken}) {
    const TempDir dir;
    WriteTokenModel(dir.path(), forward);
    const std::unique_ptr<Runner> runner = Load(dir.path());
    ASSERT_NE(runner, nullptr);
    const std::vector<Asked> requests = {Request(Tokens({1, 2, 3})), Request(Tokens({3, 3, 1, 2})),
                                         Request(Tokens({2, 2, 1}))};
    EXPECT_EQ(runner->BatchKey(requests[0].request), runner->BatchKey(requests[1].request));
    const Answers together = Ask(*runner, requests);
    for (size_t i = 0; i < requests.size(); ++i) {
      ASSERT_THAT(together[i], IsOk());
      const Answers alone = Ask(*runner, {requests[i]});
      EXPECT_EQ(together[i]->rows, alone[0]->rows);
      EXPECT_TRUE(at::equal(Logits(together[i]), Logits(alone[0])));
    }
  }
}

TEST(VariableLengthTest, WithoutAMaskOnlyEqualLengthsShareABatch) {
  const TempDir dir;
  WriteTokenModel(dir.path(),
                  "def forward(self, tokens):\n"
                  "  return torch.one_hot(tokens, 4).float()\n");
  const std::unique_ptr<Runner> runner = Load(dir.path());
  ASSERT_NE(runner, nullptr);
  EXPECT_NE(runner->BatchKey(Request(Tokens({1, 2, 3})).request),
            runner->BatchKey(Request(Tokens({1, 2, 3, 3})).request));
}

// Samples of tokens, on a ragged stream.
Asked RaggedRequest(const std::vector<std::vector<int64_t>>& samples) {
  std::vector<int64_t> values, lengths;
  for (const std::vector<int64_t>& sample : samples) {
    values.insert(values.end(), sample.begin(), sample.end());
    lengths.push_back(static_cast<int64_t>(sample.size()));
  }
  return {.request = {.inputs = {InputBatch(FromTorch(at::tensor(values)), lengths)},
                      .samples = static_cast<int64_t>(samples.size())}};
}

// The one-hot rows of tokens, as kEachToken gives them.
at::Tensor OneHot(const std::vector<int64_t>& tokens) {
  return at::one_hot(at::tensor(tokens), 4).to(at::kFloat);
}

std::vector<int64_t> Repeated(int64_t token, size_t length) {
  return std::vector<int64_t>(length, token);
}

TEST(RaggedTest, RowsArePerPositionInTheOrderOfTheSamples) {
  const TempDir dir;
  WriteTokenModel(dir.path(), kEachToken);
  const std::unique_ptr<Runner> runner = Load(dir.path());
  ASSERT_NE(runner, nullptr);
  // The samples are padded to 32 and 16: they are computed in another order.
  const std::vector<Asked> requests = {RaggedRequest({Repeated(1, 20), {2, 3}}),
                                       RaggedRequest({{3}, Repeated(2, 17), {1, 1}})};
  EXPECT_EQ(runner->BatchKey(requests[0].request), runner->BatchKey(requests[1].request));
  const Answers answers = Ask(*runner, requests);
  ASSERT_THAT(answers[0], IsOk());
  ASSERT_THAT(answers[1], IsOk());
  EXPECT_TRUE(Logits(answers[0]).equal(at::cat({OneHot(Repeated(1, 20)), OneHot({2, 3})})));
  EXPECT_TRUE(
      Logits(answers[1]).equal(at::cat({OneHot({3}), OneHot(Repeated(2, 17)), OneHot({1, 1})})));
}

TEST(RaggedTest, APositionIsRealWhateverItsTokenIs) {
  const TempDir dir;
  WriteTokenModel(dir.path(), kEachToken);
  const std::unique_ptr<Runner> runner = Load(dir.path());
  ASSERT_NE(runner, nullptr);
  const Answers answers = Ask(*runner, {RaggedRequest({{0, 1, 0}})});  // 0 is pad_id
  ASSERT_THAT(answers[0], IsOk());
  EXPECT_TRUE(Logits(answers[0]).equal(OneHot({0, 1, 0})));
}

TEST(RaggedTest, ARowMaskSelectsPositions) {
  const TempDir dir;
  WriteTokenModel(dir.path(), kEachToken);
  const std::unique_ptr<Runner> runner = Load(dir.path());
  ASSERT_NE(runner, nullptr);
  Asked masked = RaggedRequest({Repeated(1, 20), {2, 3, 1}});
  std::vector<bool> wanted(23, false);
  wanted[4] = wanted[21] = wanted[22] = true;
  masked.request.row_mask = PackRowMask(wanted);
  const Answers answers = Ask(*runner, {RaggedRequest({{2}}), masked});
  ASSERT_THAT(answers[1], IsOk());
  EXPECT_TRUE(Logits(answers[0]).equal(OneHot({2})));
  EXPECT_TRUE(Logits(answers[1]).equal(OneHot({1, 3, 1})));
}

TEST(RaggedTest, ASampleIsPaddedByItsOwnLengthAlone) {
  const TempDir dir;
  WriteTokenModel(dir.path(),
                  "def forward(self, tokens, mask):\n"
                  "  n = torch.zeros(tokens.size(0), 4) + tokens.size(1)\n"
                  "  return n + mask.sum(1, keepdim=True) * 1000\n");
  const std::unique_ptr<Runner> runner = Load(dir.path());
  ASSERT_NE(runner, nullptr);
  const Answers answers = Ask(*runner, {RaggedRequest({Repeated(1, 17), Repeated(1, 3)})});
  ASSERT_THAT(answers[0], IsOk());
  EXPECT_EQ(answers[0]->rows, 2);
  EXPECT_EQ(Logits(answers[0])[0][0].item<float>(), 17032);
  EXPECT_EQ(Logits(answers[0])[1][0].item<float>(), 3016);
}

TEST(RaggedTest, AModelWithoutAMaskNeverSeesPadding) {
  const TempDir dir;
  WriteTokenModel(dir.path(),
                  "def forward(self, tokens):\n"
                  "  return torch.zeros(tokens.size(0), 4) + tokens.size(1)\n");
  const std::unique_ptr<Runner> runner = Load(dir.path());
  ASSERT_NE(runner, nullptr);
  const Answers answers =
      Ask(*runner, {RaggedRequest({Repeated(1, 17), {1, 1, 1}, Repeated(2, 17)})});
  ASSERT_THAT(answers[0], IsOk());
  const at::Tensor lengths = Logits(answers[0]).select(1, 0);
  EXPECT_TRUE(lengths.equal(at::tensor({17.F, 3.F, 17.F})));
}

TEST(RaggedTest, ASamplesBitsDoNotDependOnItsNeighbours) {
  const TempDir dir;
  WriteTokenModel(dir.path(),
                  "def forward(self, tokens, mask):\n"
                  "  x = torch.sin(tokens.unsqueeze(-1) * torch.arange(1, 9).float())\n"
                  "  scores = torch.matmul(x, x.transpose(1, 2)).masked_fill(\n"
                  "      ~mask.unsqueeze(1), -1e9)\n"
                  "  return torch.matmul(torch.softmax(scores, -1), x)[:, :, :4]\n");
  const std::unique_ptr<Runner> runner = Load(dir.path());
  ASSERT_NE(runner, nullptr);
  const std::vector<int64_t> sample = {5, 3, 2, 8, 1};
  const at::Tensor alone = Logits(Ask(*runner, {RaggedRequest({sample})})[0]);
  EXPECT_EQ(alone.size(0), 5);
  for (const size_t neighbour : {20u, 100u, 300u}) {
    const Answers answers =
        Ask(*runner, {RaggedRequest({Repeated(7, neighbour), sample}), RaggedRequest({{1, 2}})});
    ASSERT_THAT(answers[0], IsOk());
    const auto first = static_cast<int64_t>(neighbour);
    EXPECT_EQ(Logits(answers[0]).size(0), first + 5);
    EXPECT_TRUE(at::allclose(Logits(answers[0]).narrow(0, first, 5), alone, 0, 1e-6)) << neighbour;
  }
  const Answers apart = Ask(*runner, {RaggedRequest({Repeated(7, 40), sample})});
  EXPECT_TRUE(Logits(apart[0]).narrow(0, 40, 5).equal(alone));
}

TEST(RaggedTest, AModelOfFewPositionsIsGivenNoMoreThanASampleHas) {
  const TempDir dir;
  WriteTokenModel(dir.path(),
                  "def forward(self, tokens, mask):\n"
                  "  assert tokens.size(1) <= 20\n"
                  "  return torch.one_hot(tokens, 4).float() * mask.unsqueeze(-1).float()\n");
  const std::unique_ptr<Runner> runner = Load(dir.path());
  ASSERT_NE(runner, nullptr);
  // 18 and 20 would be padded to 32.
  const Answers answers =
      Ask(*runner, {RaggedRequest({Repeated(1, 18), {2, 3}, Repeated(3, 20), Repeated(2, 18)}),
                    RaggedRequest({Repeated(1, 21)})});
  ASSERT_THAT(answers[0], IsOk());
  EXPECT_TRUE(Logits(answers[0])
                  .equal(at::cat({OneHot(Repeated(1, 18)), OneHot({2, 3}), OneHot(Repeated(3, 20)),
                                  OneHot(Repeated(2, 18))})));
  EXPECT_THAT(answers[1], StatusIs(absl::StatusCode::kInternal));
}

TEST(RaggedTest, AModelThatTakesAMaskAndDoesNotUseItIsRefused) {
  const TempDir dir;
  WriteTokenModel(dir.path(),
                  "def forward(self, tokens, mask):\n"
                  "  x = torch.one_hot(tokens, 4).float()\n"
                  "  return x.mean(1)\n");
  EXPECT_THAT(
      LoadRunners({.model_directory = dir.path(), .threads = 1}).status(),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("where it is padded, by up to")));
}

TEST(RaggedTest, ABatchIndependentRequestIsComputedInTheFixedSize) {
  const TempDir dir;
  WriteTokenModel(dir.path(),
                  "def forward(self, tokens, mask):\n"
                  "  return torch.zeros(tokens.size(0), 4) + tokens.size(0)\n");
  const auto runners = LoadRunners({.model_directory = dir.path(),
                                    .max_batch_samples = kFixedBatch,
                                    .allow_unstable_teacher = true,
                                    .threads = 1});
  ASSERT_THAT(runners, IsOk());
  Asked asked = RaggedRequest({{1, 2}, Repeated(1, 30), {3}});
  asked.request.batch_independent = true;
  const Answers answers = Ask(*runners->front(), {asked});
  ASSERT_THAT(answers[0], IsOk());
  EXPECT_TRUE(Logits(answers[0]).eq(static_cast<float>(kFixedBatch)).all().item<bool>());
}

TEST(RunnerTest, ANonFiniteInputFailsAloneAmongGoodOnes) {
  const TempDir dir;
  WriteScript(dir.path(), "def forward(self, x):\n  return x * 2.0\n");
  const std::unique_ptr<Runner> runner = Load(dir.path());
  ASSERT_NE(runner, nullptr);
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    const Answers answers = Ask(
        *runner, {Request(Features({1, 2})), Request(Features({3, bad})), Request(Features({4}))});
    EXPECT_TRUE(at::equal(Logits(answers[0]), Features({2, 4})));
    EXPECT_THAT(answers[1], StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'features'")));
    EXPECT_TRUE(at::equal(Logits(answers[2]), Features({8})));
  }
}

TEST(RunnerTest, NaNLogitsFailTheirOwnRequestOnly) {
  const TempDir dir;
  WriteScript(dir.path(), "def forward(self, x):\n  return torch.sqrt(x)\n");
  const std::unique_ptr<Runner> runner = Load(dir.path());
  ASSERT_NE(runner, nullptr);
  const Answers answers = Ask(*runner, {Request(Features({-1, 4})), Request(Features({4}))});
  EXPECT_THAT(answers[0], StatusIs(absl::StatusCode::kInternal));
  EXPECT_TRUE(at::equal(Logits(answers[1]), Features({2})));
}

// What a model does wrong when it sees a value above 100, and what then must not reach a client.
struct Misbehaviour {
  std::string name;
  std::string source;
};

class MisbehavingModelTest : public ::testing::TestWithParam<Misbehaviour> {};

TEST_P(MisbehavingModelTest, FailsOnlyTheRequestsThatProvokeIt) {
  const TempDir dir;
  WriteScript(dir.path(), GetParam().source);
  const std::unique_ptr<Runner> runner = Load(dir.path());
  ASSERT_NE(runner, nullptr);
  const Answers answers =
      Ask(*runner, {Request(Features({1, 2})), Request(Features({200})), Request(Features({3}))});
  EXPECT_TRUE(at::equal(Logits(answers[0]), Features({1, 2})));
  EXPECT_THAT(answers[1], StatusIs(absl::StatusCode::kInternal,
                                   AllOf(HasSubstr("teacher"), Not(HasSubstr("secret")),
                                         Not(HasSubstr("Traceback")), Not(HasSubstr("/")))));
  EXPECT_TRUE(at::equal(Logits(answers[2]), Features({3})));
}

INSTANTIATE_TEST_SUITE_P(
    Runner, MisbehavingModelTest,
    ::testing::Values(Misbehaviour{"Throws",
                                   "def forward(self, x):\n"
                                   "  assert float(x.max()) <= 100.0, 'secret'\n"
                                   "  return x * 1.0\n"},
                      Misbehaviour{"WrongClassCount",
                                   "def forward(self, x):\n"
                                   "  if float(x.max()) > 100.0:\n"
                                   "    return x[:, :2]\n"
                                   "  return x * 1.0\n"},
                      Misbehaviour{"WrongRowCount",
                                   "def forward(self, x):\n"
                                   "  if float(x.max()) > 100.0:\n"
                                   "    return torch.cat([x, x[:1]])\n"
                                   "  return x * 1.0\n"}),
    [](const auto& info) { return info.param.name; });

TEST(RunnerTest, AModelWithoutLogitsIsServed) {
  const TempDir dir;
  WriteScript(dir.path(), "def forward(self, x):\n  return x * 2.0\n");
  ModelDescription description = *ReadModelDescription(dir.path());
  description.outputs = {{"pooled", OutputKind::kFeatures}};
  ASSERT_THAT(WriteFileAtomically(dir.path() / kConfigFile, ToJson(description)), IsOk());
  const std::unique_ptr<Runner> runner = Load(dir.path());
  ASSERT_NE(runner, nullptr);
  EXPECT_EQ(runner->info().classes, 0);
  Asked asked = Request(Features({1, 2}));
  asked.encoding.spec.kind = OutputKind::kFeatures;
  const Answers answers = Ask(*runner, {asked});
  ASSERT_THAT(answers[0], IsOk());
  EXPECT_TRUE(at::equal(std::get<Vectors>(DecodeTargets(*answers[0])).values, Features({2, 4})));
}

TEST(RunnerTest, TorchScriptSaysSoInItsNumerics) {
  const TempDir dir;
  WriteScript(dir.path(), "def forward(self, x):\n  return x * 1.0\n");
  const std::unique_ptr<Runner> runner = Load(dir.path());
  ASSERT_NE(runner, nullptr);
  EXPECT_EQ(runner->numerics().runner, "torchscript");
}

TEST(LoadRunnersTest, AFolderWithoutAModelIsNamed) {
  const TempDir dir;
  EXPECT_THAT(LoadRunners({.model_directory = dir / "absent"}).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr((dir / "absent").string())));
}

TEST(RunnerOptionsTest, TheNameIsThatOfTheFolderAsItIsWritten) {
  const TempDir dir;
  std::filesystem::create_directory(dir / "v42");
  std::filesystem::create_directory_symlink("v42", dir / "current");
  EXPECT_EQ(NameOf({.model_directory = dir / "current"}), "current");
  EXPECT_EQ(NameOf({.model_directory = dir / "current/"}), "current");
  EXPECT_EQ(NameOf({.model_directory = dir / "v42/../current"}), "current");
  EXPECT_EQ(NameOf({.model_directory = "."}), std::filesystem::current_path().filename().string());
}

TEST(LoadRunnersTest, AGivenNameIsServed) {
  const TempDir dir;
  WriteMlp(dir / "teacher");
  const auto runner = LoadRunners({.model_directory = dir / "teacher", .model_name = "vgg"});
  ASSERT_THAT(runner, IsOk());
  EXPECT_EQ(runner->front()->info().name, "vgg");
}

TEST(LoadRunnersTest, ADeviceThatIsNotThereIsNamed) {
  const TempDir dir;
  WriteMlp(dir / "teacher");
  EXPECT_THAT(LoadRunners({.model_directory = dir / "teacher", .device = "cuda:99"}).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("`device` cuda:99")));
}

TEST(RunnerOptionsTest, NamesTheFieldThatIsOutOfRange) {
  EXPECT_THAT(RunnerOptions{}.Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("`model`")));
  EXPECT_THAT((RunnerOptions{.model_directory = "x", .max_batch_samples = 0}).Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("`max_batch_samples` is 0")));
  EXPECT_THAT((RunnerOptions{.model_directory = "x", .device = "tpu"}).Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("`device` is 'tpu'")));
  EXPECT_THAT((RunnerOptions{.model_directory = "x", .dtype = "f8"}).Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("`dtype` is 'f8'")));
  EXPECT_THAT((RunnerOptions{.model_directory = "x", .instances = -1}).Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("`instances` is -1")));
  EXPECT_THAT((RunnerOptions{.model_directory = "x", .threads = -1}).Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("`threads` is -1")));
}

}  // namespace
}  // namespace distill
