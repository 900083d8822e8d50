#include "common/inference/inference.h"

#include <stdexcept>

#include "common/zoo/registry.h"
#include "common/zoo/weights.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace distill {
namespace {

// A model whose BatchNorms have seen data, so that folding them is not trivial.
std::shared_ptr<Model> Trained(const std::string& student, const Shape& shape) {
  auto model = *CreateModel(*ArchitectureOf(student, shape, 10));
  const at::NoGradGuard no_grad;
  for (int i = 0; i < 5; ++i) model->Forward(at::rand({16, shape[0], shape[1], shape[2]}) * 3 - 1);
  return model;
}

// Gives copies of the model.
ModelLoader CopiesOf(const std::shared_ptr<Model>& model, const Architecture& architecture) {
  return [model, architecture]() -> absl::StatusOr<std::shared_ptr<Model>> {
    auto copy = *CreateModel(architecture);
    const absl::Status loaded = LoadState(StateOf(*model), *copy);
    if (!loaded.ok()) return loaded;
    return copy;
  };
}

ModelLoader Gives(const std::shared_ptr<Model>& model) {
  return [model] { return model; };
}

at::Tensor Logits(const CompiledModel& model, const at::Tensor& x) {
  const at::Tensor first = model.forward({x})[0];
  return model.head.defined() ? model.head.LogitsOf(first) : first;
}

TEST(CompileForInferenceTest, EqualsTheModelAtEveryBatchSize) {
  for (const char* student :
       {"cifar_resnet8", "cnn_student", "cnn_teacher", "mlp_small", "squeezenet1_1"}) {
    const c10::InferenceMode inference_mode;
    const auto model = Trained(student, {3, 20, 24});
    const absl::StatusOr<CompiledModel> compiled = CompileForInference(
        CopiesOf(model, *ArchitectureOf(student, {3, 20, 24}, 10)), at::zeros({1, 3, 20, 24}));
    ASSERT_TRUE(compiled.ok()) << compiled.status();
    model->eval();
    for (int64_t n : {1, 2, 7, 33}) {
      const at::Tensor x = at::rand({n, 3, 20, 24});
      const ModelOutput expected = model->Compute(x);
      for (const auto& [actual, wanted] :
           {std::pair{Logits(*compiled, x), expected.logits},
            std::pair{compiled->forward({x}).back(), expected.features}}) {
        const double scale = wanted.abs().max().item<double>();
        EXPECT_TRUE(at::allclose(actual, wanted, 0, 1e-5 * scale)) << student << " " << n;
      }
    }
  }
}

TEST(CompileForInferenceTest, HoldsConvolutionsOfItsOwn) {
  const c10::InferenceMode inference_mode;
  const auto model = Trained("cnn_student", {1, 28, 28});
  const CompiledModel compiled = *CompileForInference(Gives(model), at::zeros({1, 1, 28, 28}));
  const at::Tensor x = at::rand({2, 1, 28, 28});
  const at::Tensor before = Logits(compiled, x);
  for (const auto& item : model->named_parameters()) {
    if (item.key().starts_with("features")) item.value().zero_();
  }
  // If the trace had been rejected, the model itself would run.
  EXPECT_TRUE(Logits(compiled, x).equal(before));
  EXPECT_FALSE(model->Forward(x).equal(before));
}

TEST(CompileForInferenceTest, OperationThatOneDnnDoesNotKnowIsLeftToTorch) {
  const c10::InferenceMode inference_mode;
  // oneDNN cannot average 7x7 to 3x3.
  const auto model = *CreateModel({"cnn", nlohmann::json::parse(R"({"channels": 1, "classes": 3,
      "stages": [[4], [6]], "pool": 3})")});
  const CompiledModel compiled = *CompileForInference(Gives(model), at::zeros({1, 1, 14, 14}));
  const at::Tensor x = at::rand({5, 1, 14, 14});
  EXPECT_TRUE(at::allclose(Logits(compiled, x), model->Forward(x), 1e-5, 1e-5));
}

// Depends on the size of its batch, which a trace of one sample cannot show.
class BatchDependent : public OneInputModel {
 public:
  ModelOutput Compute(const at::Tensor& x) override {
    return {.logits = x.size(0) == 1 ? x.flatten(1) : x.flatten(1) * 2};
  }
};

TEST(CompileForInferenceTest, ModelThatItsTraceDoesNotDescribeRunsAsItIs) {
  const c10::InferenceMode inference_mode;
  const auto model = std::make_shared<BatchDependent>();
  const CompiledModel compiled = *CompileForInference(Gives(model), at::zeros({1, 4}));
  EXPECT_TRUE(Logits(compiled, at::ones({2, 4})).equal(at::full({2, 4}, 2.0)));
}

TEST(CompileForInferenceTest, ExampleThatTheModelCannotTakeIsAnError) {
  const auto model = *CreateModel(*ArchitectureOf("mlp_small", {9}, 10));
  EXPECT_EQ(CompileForInference(Gives(model), at::zeros({1, 8})).status().code(),
            absl::StatusCode::kInternal);
}

TEST(CheckAgreesTest, ResultsAreComparedWhereSomeAreExpected) {
  using Tensors = std::vector<at::Tensor>;
  const auto rounded = [](const Tensors& x) { return Tensors{x[0] * 2 + 1e-5}; };
  const auto other = [](const Tensors& x) { return Tensors{x[0] * 2 + 0.1}; };
  const auto more = [](const Tensors& x) { return Tensors{x[0] * 2, x[0]}; };
  const auto one_sample = [](const Tensors& x) { return Tensors{x[0].view({1, 3}) * 2}; };
  const auto raises = [](const Tensors&) -> Tensors {
    throw std::runtime_error("pooling is not supported");
  };
  const std::vector<Tensors> examples = {{at::ones({1, 3})}, {at::ones({2, 3})}};
  const std::vector<Tensors> both = {{at::full({1, 3}, 2.0)}, {at::full({2, 3}, 2.0)}};
  const std::vector<Tensors> first = {both[0], {}};
  EXPECT_TRUE(CheckAgrees(rounded, examples, both).ok());
  EXPECT_TRUE(CheckAgrees(one_sample, examples, first).ok());
  EXPECT_FALSE(CheckAgrees(other, examples, both).ok());
  EXPECT_FALSE(CheckAgrees(more, examples, both).ok());
  EXPECT_FALSE(CheckAgrees(one_sample, examples, both).ok());
  EXPECT_THAT(std::string(CheckAgrees(raises, examples, both).message()),
              ::testing::HasSubstr("pooling is not supported"));
}

}  // namespace
}  // namespace distill
