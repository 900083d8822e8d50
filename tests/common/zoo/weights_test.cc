#include "common/zoo/weights.h"

#include "common/torch/host_tensors.h"
#include "common/zoo/registry.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::shared_ptr<Model> SmallCnn() {
  return *CreateModel(
      {"cnn", {{"channels", 1}, {"classes", 3}, {"stages", nlohmann::json::array({{4}})}}});
}

// Returns a copy of the state.
TensorMap CopyOf(const Model& model) {
  TensorMap copy;
  for (const auto& [name, tensor] : StateOf(model)) copy[name] = FromTorch(ToTorch(tensor));
  return copy;
}

TEST(WeightsTest, StateHoldsParametersAndBuffers) {
  const TensorMap state = StateOf(*SmallCnn());
  EXPECT_TRUE(state.contains("features.0.weight"));
  EXPECT_TRUE(state.contains("features.1.running_var"));
  EXPECT_EQ(state.at("features.1.num_batches_tracked").dtype, DType::kInt64);
  EXPECT_EQ(state.at("classifier.1.weight").shape, (Shape{3, 4}));
  EXPECT_EQ(state.size(), 8u);
}

TEST(WeightsTest, LoadedStateGivesTheSameLogits) {
  const auto trained = SmallCnn();
  trained->Forward(at::rand({8, 1, 6, 6}) * 5);  // changes the running statistics of BatchNorm
  const auto fresh = SmallCnn();
  const absl::Status status = LoadState(StateOf(*trained), *fresh);
  ASSERT_TRUE(status.ok()) << status;
  trained->eval();
  fresh->eval();
  const at::Tensor x = at::rand({3, 1, 6, 6});
  EXPECT_TRUE(fresh->Forward(x).equal(trained->Forward(x)));
}

TEST(WeightsTest, AFileGivesTheSameStateAsItsTensors) {
  const testing::TempDir dir;
  const auto written = SmallCnn();
  ASSERT_TRUE(WriteSafetensors(dir / "weights", StateOf(*written)).ok());
  const auto fresh = SmallCnn();
  const absl::Status status = LoadStateFile(dir / "weights", *fresh);
  ASSERT_TRUE(status.ok()) << status;
  for (const auto& [name, tensor] : StateOf(*written)) {
    EXPECT_EQ(StateOf(*fresh).at(name).bytes, tensor.bytes) << name;
  }
  EXPECT_EQ(LoadStateFile(dir / "absent", *fresh).code(), absl::StatusCode::kNotFound);
}

TEST(WeightsTest, LoadedModelIsNotTiedToTheState) {
  const auto source = SmallCnn();
  const auto target = SmallCnn();
  ASSERT_TRUE(LoadState(StateOf(*source), *target).ok());
  const at::Tensor before = target->parameters()[0].detach().clone();
  const at::NoGradGuard no_grad;
  source->parameters()[0].zero_();
  EXPECT_TRUE(target->parameters()[0].equal(before));
}

TEST(WeightsTest, HalfPrecisionWeightsAreWidened) {
  const auto model = SmallCnn();
  TensorMap state = CopyOf(*model);
  state["classifier.1.weight"] = FromTorch(ToTorch(state["classifier.1.weight"]).to(at::kHalf));
  ASSERT_TRUE(LoadState(state, *model).ok());
  EXPECT_EQ(model->named_parameters()["classifier.1.weight"].scalar_type(), at::kFloat);
}

TEST(WeightsTest, CountOfBatchesMayBeMissing) {
  const auto model = SmallCnn();
  TensorMap state = CopyOf(*model);
  state.erase("features.1.num_batches_tracked");
  EXPECT_TRUE(LoadState(state, *model).ok());
}

TEST(WeightsTest, EveryTensorThatDoesNotFitIsNamedAndNothingChanges) {
  const auto model = SmallCnn();
  TensorMap state = CopyOf(*SmallCnn());
  state.erase("features.0.weight");
  state["classifier.1.bias"] = FromTorch(at::zeros({5}));
  state["extra"] = FromTorch(at::zeros({1}));
  state["features.1.bias"].bytes = Bytes::FromString("short");
  const TensorMap before = CopyOf(*model);
  const absl::Status status = LoadState(state, *model);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.ToString(),
              AllOf(HasSubstr("features.0.weight is missing"),
                    HasSubstr("classifier.1.bias has shape [5] instead of [3]"),
                    HasSubstr("extra is left over"), HasSubstr("features.1.bias")));
  for (const auto& [name, tensor] : CopyOf(*model)) {
    EXPECT_EQ(tensor.bytes, before.at(name).bytes) << name;
  }
}

TEST(WeightsTest, AForeignPrefixIsNamedAndOfManyNamesTenAreShown) {
  const auto model = SmallCnn();
  TensorMap state;
  for (const auto& [name, tensor] : CopyOf(*model)) state.emplace("module." + name, tensor);
  const std::string message(LoadState(state, *model).message());
  EXPECT_THAT(message, AllOf(HasSubstr("rename them without the prefix 'module.'"),
                             HasSubstr(" more"), HasSubstr("is missing")));
  EXPECT_LT(message.size(), 500u);
}

TEST(WeightsTest, BuffersAreNotCounted) {
  EXPECT_EQ(CountParameters(*SmallCnn()), 9 * 4 + 2 * 4 + 4 * 3 + 3);
}

}  // namespace
}  // namespace distill
