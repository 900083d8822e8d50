// Tests ParseModelDescription and ToJson.
#include <gmock/gmock.h>

#include <string>

#include "common/base/random.h"
#include "common/model_directory/model_directory.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::ElementsAre;
using testing::ErrorIs;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;

using Json = nlohmann::json;

// The example of the documentation.
Json Image() {
  return Json::parse(R"({
    "format": "distill/1", "architecture": "cifar_resnet",
    "arguments": {"depth": 20, "shortcut": "A"},
    "inputs": [{"name": "image", "dtype": "uint8", "shape": [3, 32, 32]}],
    "scale": 255, "mean": [0.49, 0.48, 0.45], "std": [0.25, 0.24, 0.26],
    "class_names": ["airplane", "bird"], "training": {"epochs": 3}})");
}

Json Tokens() {
  return Json::parse(R"({
    "format": "distill/1", "architecture": "torchscript", "pad_id": 0,
    "inputs": [{"name": "tokens", "dtype": "int64", "shape": [-1]},
               {"name": "mask", "dtype": "bool", "shape": [-1]}]})");
}

TEST(ParseModelDescriptionTest, ReadsEveryField) {
  const absl::StatusOr<ModelDescription> model = ParseModelDescription(Image().dump());
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->architecture, "cifar_resnet");
  EXPECT_EQ(model->arguments, Json::parse(R"({"depth": 20, "shortcut": "A"})"));
  EXPECT_THAT(model->inputs, ElementsAre(InputSpec{"image", DType::kUint8, {3, 32, 32}}));
  EXPECT_EQ(model->normalization, (Normalization{255, {0.49, 0.48, 0.45}, {0.25, 0.24, 0.26}}));
  EXPECT_EQ(model->pad_id, std::nullopt);
  EXPECT_THAT(model->class_names, ElementsAre("airplane", "bird"));
  EXPECT_EQ(model->training, Json::parse(R"({"epochs": 3})"));
}

TEST(ParseModelDescriptionTest, MostFieldsMayBeMissing) {
  const absl::StatusOr<ModelDescription> model = ParseModelDescription(Tokens().dump());
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->arguments, Json::object());
  EXPECT_EQ(model->normalization, Normalization());
  EXPECT_EQ(model->pad_id, 0);
  EXPECT_THAT(model->class_names, IsEmpty());
  EXPECT_EQ(model->training, Json::object());
}

TEST(ParseModelDescriptionTest, JsonRoundTripsAndIsStable) {
  for (const Json& config : {Image(), Tokens()}) {
    const ModelDescription model = *ParseModelDescription(config.dump());
    const std::string text = ToJson(model);
    const absl::StatusOr<ModelDescription> again = ParseModelDescription(text);
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(again->architecture, model.architecture);
    EXPECT_EQ(again->arguments, model.arguments);
    EXPECT_EQ(again->inputs, model.inputs);
    EXPECT_EQ(again->normalization, model.normalization);
    EXPECT_EQ(again->pad_id, model.pad_id);
    EXPECT_EQ(again->class_names, model.class_names);
    EXPECT_EQ(again->training, model.training);
    EXPECT_EQ(ToJson(*again), text);
  }
}

TEST(ParseModelDescriptionTest, OfATorchScriptTheOutputIsRead) {
  Json config = Image();
  config.merge_patch({{"architecture", "torchscript"}, {"arguments", nullptr}});
  EXPECT_EQ(ParseModelDescription(config.dump())->output, std::nullopt);
  for (const char* name : {"logits", "probabilities", "log_probabilities", "sigmoid"}) {
    config["output"] = name;
    const absl::StatusOr<ModelDescription> model = ParseModelDescription(config.dump());
    ASSERT_THAT(model, IsOk());
    EXPECT_EQ(Name(*model->output), name);
    EXPECT_EQ(ParseModelDescription(ToJson(*model))->output, model->output);
  }
}

TEST(OddNormalizationTest, AForgottenScaleAndOneTooManyAreTold) {
  const struct {
    Normalization normalization;
    const char* expected;
  } cases[] = {
      {{255, {0.49, 0.48}, {0.25, 0.24}}, ""},
      {{1, {125, 122}, {63, 61}}, ""},
      {{1, {}, {}}, ""},
      {{1, {0.49, 0.48}, {0.25, 0.24}}, "set scale to 255"},
      {{255, {125, 122}, {63, 61}}, "set scale to 1"},
  };
  ModelDescription description = *ParseModelDescription(Image().dump());
  for (const auto& c : cases) {
    description.normalization = c.normalization;
    EXPECT_THAT(OddNormalization(description), ::testing::EndsWith(c.expected));
    EXPECT_EQ(OddNormalization(description).empty(), *c.expected == '\0');
  }
  description.inputs[0].dtype = DType::kFloat32;
  EXPECT_THAT(OddNormalization(description), IsEmpty());
}

TEST(ParseModelDescriptionTest, OutputsOfATorchScriptAreRead) {
  Json json = Tokens();
  json["outputs"] = Json::parse(R"([{"name": "pooled", "kind": "features"},
                                    {"name": "logits", "kind": "logits"},
                                    {"name": "states", "kind": "hidden"}])");
  const absl::StatusOr<ModelDescription> model = ParseModelDescription(json.dump());
  ASSERT_THAT(model, IsOk());
  EXPECT_THAT(model->outputs, ElementsAre(NamedOutput{"pooled", OutputKind::kFeatures},
                                          NamedOutput{"logits", OutputKind::kLogits},
                                          NamedOutput{"states", OutputKind::kHidden}));
  EXPECT_EQ(ParseModelDescription(ToJson(*model))->outputs, model->outputs);
}

TEST(ParseModelDescriptionTest, OutputsThatCannotBeAreRefused) {
  const struct {
    const char* outputs;
    const char* expected;
  } cases[] = {
      {"[]", "field 'outputs' is []"},
      {R"({"name": "logits"})", "field 'outputs' is"},
      {R"(["logits"])", "field 'outputs[0]' is"},
      {R"([{"name": "logits", "kind": "logits", "width": 3}])", "outputs[0].width"},
      {R"([{"name": "", "kind": "logits"}])", "outputs[0].name"},
      {R"([{"name": "logits"}])",
       "field 'outputs[0].kind' is null; must be logits, features or hidden"},
      {R"([{"name": "logits", "kind": "features"}])", "field 'outputs[0]'"},
      {R"([{"name": "scores", "kind": "logits"}])", "field 'outputs[0]'"},
      {R"([{"name": "a", "kind": "hidden"}, {"name": "a", "kind": "features"}])",
       "field 'outputs[1]': the name 'a' repeats"},
  };
  for (const auto& c : cases) {
    Json json = Tokens();
    json["outputs"] = Json::parse(c.outputs);
    EXPECT_THAT(ParseModelDescription(json.dump()).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.expected)))
        << c.outputs;
  }
  Json zoo = Image();
  zoo["outputs"] = Json::parse(R"([{"name": "logits", "kind": "logits"}])");
  EXPECT_THAT(
      ParseModelDescription(zoo.dump()).status(),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("those of cifar_resnet are known")));
}

TEST(ParseModelDescriptionTest, WhatIsWrongIsNamedByItsField) {
  const struct {
    const char* patch;  // merged into the example; null removes
    const char* message;
  } cases[] = {
      {R"({"format": null})", "'format' is null; must be"},
      {R"({"format": "distill/2"})", "'format' is \"distill/2\"; must be \"distill/1\""},
      {R"({"format": 1})", "'format' is 1; must be"},
      {R"({"colour": 1})", "field 'colour': it is unknown"},
      {R"({"architecture": null})", "'architecture' is null; must be"},
      {R"({"architecture": ""})", "'architecture' is \"\"; must be"},
      {R"({"architecture": 3})", "'architecture' is 3; must be"},
      {R"({"arguments": [1]})", "'arguments' is [1]; must be an object"},
      {R"({"training": "long"})", "'training' is \"long\"; must be an object"},
      {R"({"inputs": null})", "'inputs' is null; must be"},
      {R"({"inputs": []})", "'inputs' is []; must be"},
      {R"({"inputs": {"name": "x"}})", "'inputs' is {\"name\":\"x\"}; must be"},
      {R"({"inputs": ["x"]})", "'inputs[0]' is \"x\"; must be an object"},
      {R"({"inputs": [{"dtype": "uint8", "shape": []}]})", "'inputs[0].name'"},
      {R"({"inputs": [{"name": "", "dtype": "uint8", "shape": []}]})", "'inputs[0].name'"},
      {R"({"inputs": [{"name": "x", "dtype": "byte", "shape": []}]})",
       "'inputs[0].dtype': the dtype is 'byte'; must be bool, "},
      {R"({"inputs": [{"name": "x", "dtype": "uint8"}]})", "'inputs[0].shape'"},
      {R"({"inputs": [{"name": "x", "dtype": "uint8", "shape": [0]}]})", "'inputs[0].shape'"},
      {R"({"inputs": [{"name": "x", "dtype": "uint8", "shape": [-2]}]})", "'inputs[0].shape'"},
      {R"({"inputs": [{"name": "x", "dtype": "uint8", "shape": [3.0]}]})", "'inputs[0].shape'"},
      {R"({"inputs": [{"name": "x", "dtype": "uint8", "shape": [18446744073709551615]}]})",
       "'inputs[0].shape'"},
      {R"({"inputs": [{"name": "x", "dtype": "uint8", "shape": [4294967296, 4294967296]}]})",
       "'inputs[0].shape' is too large: "},
      {R"({"inputs": [{"name": "x", "dtype": "uint8", "shape": [3], "size": 3}]})",
       "field 'inputs[0].size': it is unknown"},
      {R"({"inputs": [{"name": "x", "dtype": "uint8", "shape": [3]},
                      {"name": "x", "dtype": "uint8", "shape": [3]}]})",
       "'inputs': it has the name 'x' twice"},
      {R"({"inputs": [{"name": "x", "dtype": "uint8", "shape": [1, 28, 28]}]})",
       "'mean': it has 3 numbers, which are not the channels of x: uint8[1, 28, 28]"},
      {R"({"inputs": [{"name": "x", "dtype": "uint8", "shape": []}]})", "'mean': it has 3 numbers"},
      {R"({"inputs": [{"name": "x", "dtype": "int64", "shape": [3]}]})", "'mean': it is given"},
      {R"({"inputs": [{"name": "x", "dtype": "uint8", "shape": [3, -1]}]})",
       "'pad_id': it is missing"},
      {R"({"pad_id": 0.5})", "'pad_id' is 0.5; must be a whole number"},
      {R"({"pad_id": 18446744073709551615})", "'pad_id'"},
      {R"({"scale": 0})", "'scale'"},
      {R"({"scale": -1})", "'scale'"},
      {R"({"scale": "255"})", "'scale'"},
      {R"({"mean": 0.5})", "'mean'"},
      {R"({"mean": ["a", "b", "c"]})", "'mean'"},
      {R"({"mean": [0.5]})", "'std': it has 3 numbers, and 'mean' has 1"},
      {R"({"mean": null})", "'std': it has 3 numbers, and 'mean' has 0"},
      {R"({"std": [0.25, 0, 0.26]})", "'std'"},
      {R"({"std": [0.25, -1, 0.26]})", "'std'"},
      {R"({"output": "odds"})", "'output' is \"odds\"; must be logits, probabilities"},
      {R"({"output": "probabilities"})", "must be logits, as "},
      {R"({"class_names": "airplane"})", "'class_names'"},
      {R"({"class_names": ["a", 3]})", "'class_names[1]'"},
      {R"({"class_names": ["a", ""]})", "'class_names[1]'"},
      {R"({"class_names": ["a", "b", "a"]})", "'class_names': it has the name 'a' twice"},
  };
  for (const auto& c : cases) {
    Json config = Image();
    config.merge_patch(Json::parse(c.patch));
    EXPECT_THAT(ParseModelDescription(config.dump()),
                ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.message)))
        << c.patch;
  }
}

TEST(ParseModelDescriptionTest, AHuggingFaceConfigIsRefusedAsSuch) {
  EXPECT_THAT(ParseModelDescription(R"({"model_type": "vit", "id2label": {"0": "cat"}})"),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      HasSubstr("not supported yet: it is a Hugging Face config")));
}

TEST(ParseModelDescriptionTest, WhatIsNoObjectIsRefused) {
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("3"), std::string("{"),
        std::string(R"({"format": "distill/1", "format": "distill/1"})"),
        R"({"format": "distill/1", "arguments": )" + std::string(200'000, '[') + "}",
        R"({"arguments": )" + std::string(99, '[') + std::string(99, ']') + "}"}) {
    EXPECT_THAT(ParseModelDescription(text), ErrorIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(ParseModelDescriptionTest, FlippedBytesNeverThrowAndWhatIsAcceptedRoundTrips) {
  const std::string valid = Image().dump();
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    SplitMix64 random(seed);
    std::string mutated = valid;
    for (uint64_t flips = 1 + random.Below(3); flips > 0; --flips) {
      mutated[random.Below(mutated.size())] = static_cast<char>(random.Below(256));
    }
    const absl::StatusOr<ModelDescription> model = ParseModelDescription(mutated);
    if (!model.ok()) continue;
    const std::string text = ToJson(*model);
    const absl::StatusOr<ModelDescription> again = ParseModelDescription(text);
    ASSERT_THAT(again, IsOk()) << mutated;
    ASSERT_EQ(ToJson(*again), text);
  }
}

TEST(ToJsonTest, NamesThatAreNoUtf8DoNotThrow) {
  ModelDescription model = *ParseModelDescription(Image().dump());
  model.class_names = {"caf\xE9"};
  EXPECT_THAT(ParseModelDescription(ToJson(model)), IsOk());
}

}  // namespace
}  // namespace distill
