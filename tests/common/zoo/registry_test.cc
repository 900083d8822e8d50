#include "common/zoo/registry.h"

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;

Architecture Parse(const std::string& name, const std::string& arguments) {
  return {name, nlohmann::json::parse(arguments)};
}

TEST(RegistryTest, NamesAreSortedAndEachOnce) {
  const std::vector<std::string> names = StudentNames();
  EXPECT_THAT(names, AllOf(Contains("cifar_resnet20"), Contains("cnn_student"),
                           Contains("cnn_teacher"), Contains("mlp_small")));
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

TEST(RegistryTest, EveryNameMakesAModelForGreyAndColourImages) {
  for (const std::string& name : StudentNames()) {
    if (name == "cifar_resnet110" || name == "resnet152") continue;  // like others, but slower
    for (const Shape& shape : {Shape{1, 28, 28}, Shape{3, 32, 32}}) {
      SCOPED_TRACE(name + " for " + ToString(shape));
      const absl::StatusOr<Architecture> architecture = ArchitectureOf(name, shape, 7);
      ASSERT_TRUE(architecture.ok()) << architecture.status();
      const absl::StatusOr<std::shared_ptr<Model>> model = CreateModel(*architecture);
      ASSERT_TRUE(model.ok()) << model.status();
      const at::Tensor x = at::zeros({2, shape[0], shape[1], shape[2]});
      EXPECT_EQ((*model)->Forward(x).sizes(), (at::IntArrayRef{2, 7}));
    }
  }
}

TEST(RegistryTest, FeaturesAreAVectorPerSampleOfWhichTheHeadMakesTheLogits) {
  for (const std::string& name : StudentNames()) {
    if (name == "cifar_resnet110" || name == "resnet152") continue;  // like others, but slower
    SCOPED_TRACE(name);
    const std::shared_ptr<Model> model = *CreateModel(*ArchitectureOf(name, {3, 32, 32}, 7));
    model->eval();
    const c10::InferenceMode inference_mode;
    const ModelOutput output = model->Compute(at::rand({2, 3, 32, 32}));
    ASSERT_EQ(output.features.dim(), 2);
    EXPECT_EQ(output.features.size(0), 2);
    EXPECT_GT(output.features.size(1), 1);
    if (model->Head() == nullptr) {
      EXPECT_THAT(name, ::testing::StartsWith("squeezenet"));
    } else {
      EXPECT_TRUE(model->Head()->forward(output.features).equal(output.logits));
    }
  }
}

TEST(RegistryTest, ArgumentsSurviveTheirJsonText) {
  for (const std::string& name : StudentNames()) {
    const absl::StatusOr<Architecture> architecture = ArchitectureOf(name, {3, 32, 32}, 10);
    ASSERT_TRUE(architecture.ok()) << architecture.status();
    EXPECT_EQ(nlohmann::json::parse(architecture->arguments.dump()), architecture->arguments);
  }
}

TEST(RegistryTest, UnknownNamesAreRefusedWithTheKnownOnes) {
  EXPECT_THAT(
      ArchitectureOf("resnet19", {3, 32, 32}, 10).status().ToString(),
      AllOf(HasSubstr("the student is 'resnet19'; must be "), HasSubstr("did you mean resnet18?"),
            HasSubstr("cifar_resnet20"), HasSubstr("mlp_small")));
  EXPECT_THAT(
      CreateModel(Parse("mobilenetv2", "{}")).status().ToString(),
      AllOf(HasSubstr("the architecture is 'mobilenetv2'; must be "),
            HasSubstr("did you mean mobilenet_v2?"), HasSubstr("cifar_resnet"), HasSubstr("mlp")));
}

TEST(RegistryTest, InputsThatAFamilyCannotTakeAreRefused) {
  struct {
    std::string student;
    Shape shape;
    int64_t classes;
    std::string expected;
  } const cases[] = {
      {"cifar_resnet20", {32, 32}, 10, "images [channels, height, width]"},
      {"cnn_student", {784}, 10, "images [channels, height, width]"},
      {"cnn_student", {1, 1, 28}, 10, "images of at least"},
      {"resnet18", {784}, 10, "images [channels, height, width]"},
      {"squeezenet1_1", {3, 7, 32}, 10, "images of at least 8x8"},
      {"squeezenet1_1", {3, 16, 100}, 10, "images of at least 17x17"},
      {"squeezenet1_0", {3, 100, 20}, 10, "images of at least 21x21"},
      {"mlp_small", {}, 10, "at least one dimension"},
      {"mlp_small", {-1}, 10, "must be fixed"},
      {"mlp_small", {784}, 1, "must be 2 to 1000000"},
      {"mlp_small", {784}, int64_t{1} << 40, "must be 2 to 1000000"},
  };
  for (const auto& test : cases) {
    const absl::Status status = ArchitectureOf(test.student, test.shape, test.classes).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(status.ToString(), AllOf(HasSubstr(test.student), HasSubstr(test.expected)));
  }
}

TEST(RegistryTest, TheSmallestImagesThatAreTakenGoThrough) {
  struct {
    std::string student;
    Shape shape;
  } const cases[] = {{"squeezenet1_0", {3, 8, 8}},   {"squeezenet1_1", {3, 8, 8}},
                     {"squeezenet1_0", {3, 21, 65}}, {"squeezenet1_1", {3, 65, 17}},
                     {"resnet18", {3, 1, 1}},        {"mobilenet_v2", {3, 1, 65}},
                     {"cnn_teacher", {3, 8, 8}},     {"cifar_resnet8", {3, 1, 1}}};
  for (const auto& test : cases) {
    const auto model = *CreateModel(*ArchitectureOf(test.student, test.shape, 5));
    model->eval();
    const at::Tensor x = at::zeros({1, test.shape[0], test.shape[1], test.shape[2]});
    EXPECT_EQ(model->Forward(x).sizes(), (at::IntArrayRef{1, 5})) << test.student;
  }
}

TEST(RegistryTest, SmallImagesGetASmallStem) {
  for (const char* name : {"resnet18", "mobilenet_v2", "squeezenet1_1"}) {
    const auto stem = [&](const Shape& shape) {
      return ArchitectureOf(name, shape, 5)->arguments["stem"].get<std::string>();
    };
    EXPECT_EQ(stem({3, 32, 32}), "small") << name;
    EXPECT_EQ(stem({1, 64, 64}), "small") << name;
    EXPECT_EQ(stem({3, 64, 65}), "imagenet") << name;
    EXPECT_EQ(stem({3, 224, 224}), "imagenet") << name;
  }
}

TEST(RegistryTest, ArgumentsThatAreWrongAreNamed) {
  struct {
    std::string name;
    std::string arguments;
    std::string expected;
  } const cases[] = {
      {"mlp", R"([])", "arguments of mlp is []; must be an object"},
      {"mlp", R"({"hidden": [8], "classes": 10})", "'input_shape' is missing"},
      {"mlp", R"({"inputs": 4, "classes": 10})", "'hidden' is missing"},
      {"mlp", R"({"inputs": 4, "hidden": [8]})", "'classes' is missing"},
      {"mlp", R"({"inputs": 4, "input_shape": [4], "hidden": [8], "classes": 10})", "one of them"},
      {"mlp", R"({"input_shape": [65536, 65536], "hidden": [], "classes": 10})", "elements"},
      {"mlp", R"({"input_shape": [-1], "hidden": [], "classes": 10})",
       "'input_shape' is [-1]; must be"},
      {"mlp", R"({"inputs": 4, "hidden": [0], "classes": 10})", "'hidden' is [0]; must be"},
      {"mlp", R"({"inputs": 4, "hidden": [8], "classes": 1})", "'classes' is 1; must be"},
      {"mlp", R"({"inputs": 4, "hidden": [8], "classes": 2, "dropout": 1})",
       "'dropout' is 1; must be"},
      {"mlp", R"({"inputs": 4, "hidden": [8], "classes": 2, "droput": 0})", "'droput' is not"},
      {"cifar_resnet", R"({"depth": 21, "channels": 3, "classes": 10})", "one of 8, 14, 20"},
      {"cifar_resnet", R"({"depth": 2, "channels": 3, "classes": 10})", "'depth' is 2; must be"},
      {"cifar_resnet", R"({"channels": 3, "classes": 10})", "'depth' is missing"},
      {"cifar_resnet", R"({"depth": 8, "classes": 10})", "'channels' is missing"},
      {"cifar_resnet", R"({"depth": 8, "channels": 3, "classes": 10, "shortcut": "C"})",
       "'shortcut' is \"C\"; must be A or B"},
      {"cifar_resnet", R"({"depth": 8, "channels": 3, "classes": 10, "widths": [16, 32, 64]})",
       "'widths' is [16,32,64]; must be a list of 4"},
      {"cifar_resnet", R"({"depth": 8, "channels": 3, "classes": 10, "widths": [16, 32, 64, 32]})",
       "'widths' is [16, 32, 64, 32]; must be in ascending order"},
      {"resnet", R"({"depth": 20, "channels": 3, "classes": 10})",
       "'depth' is 20; must be 18, 34, 50, 101 or 152"},
      {"resnet", R"({"depth": 18, "channels": 3, "classes": 10, "stem": "tiny"})",
       "'stem' is \"tiny\"; must be imagenet or small"},
      {"mobilenet_v2", R"({"channels": 3, "classes": 10, "width": 0})", "'width' is 0; must be"},
      {"mobilenet_v2", R"({"channels": 3, "classes": 10, "width": "1"})",
       "'width' is \"1\"; must be"},
      {"squeezenet", R"({"channels": 3, "classes": 10, "version": "1.2"})",
       "'version' is \"1.2\"; must be 1.0 or 1.1"},
      {"squeezenet", R"({"channels": 3, "classes": 10, "dropout": 1})", "'dropout' is 1; must be"},
      {"cnn", R"({"channels": 1, "classes": 10})", "'stages' is missing"},
      {"cnn", R"({"channels": 1, "classes": 10, "stages": []})", "'stages' is []; must be"},
      {"cnn", R"({"channels": 1, "classes": 10, "stages": [8, 8]})", "'stages' is [8,8]; must be"},
      {"cnn", R"({"channels": 1, "classes": 10, "stages": [[8], []]})",
       "'stages' is [[8],[]]; must be"},
      {"cnn", R"({"channels": 1, "classes": 10, "stages": [[8]], "kind": "deep"})",
       "'kind' is \"deep\"; must be plain or separable"},
      {"cnn", R"({"channels": 1, "classes": 10, "stages": [[8]], "hidden": -1})",
       "'hidden' is -1; must be"},
      {"cnn", R"({"channels": 1, "classes": 10, "stages": [[8]], "pool": 0})",
       "'pool' is 0; must be"},
      {"cnn", R"({"channels": 1, "classes": 10, "stages": [[8]], "width": 2})",
       "'width' is not known"},
  };
  for (const auto& test : cases) {
    const absl::Status status = CreateModel(Parse(test.name, test.arguments)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << test.arguments;
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr(test.name), HasSubstr(test.expected), testing::FollowsGrammar()))
        << test.arguments;
  }
}

}  // namespace
}  // namespace distill
