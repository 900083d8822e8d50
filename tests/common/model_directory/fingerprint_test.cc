#include "common/model_directory/fingerprint.h"

#include <gmock/gmock.h>

#include <set>
#include <string>

#include "common/base/files.h"
#include "common/base/sha256.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using testing::IsOk;
using testing::StatusIs;
using testing::TempDir;

ModelDescription Model() {
  return {.architecture = "mlp",
          .arguments = {{"hidden", 16}, {"activation", "relu"}},
          .inputs = {{"x", DType::kUint8, {1, 4}}},
          .normalization = {255, {0.5}, {0.25}},
          .pad_id = std::nullopt,
          .class_names = {"a", "b"}};
}

TEST(FingerprintTest, IsTheSha256OfTheCanonicalForm) {
  EXPECT_EQ(Fingerprint(Model(), "00ff"),
            Sha256Hex(R"({"architecture":"mlp","arguments":{"activation":"relu","hidden":16},)"
                      R"("class_names":["a","b"],"format":"distill/1",)"
                      R"("inputs":[{"dtype":"uint8","name":"x","shape":[1,4]}],)"
                      R"("mean":[0.5],"scale":255.0,"std":[0.25],"weights_sha256":"00ff"})"));
}

TEST(FingerprintTest, EveryPartOfTheIdentityChangesIt) {
  void (*const changes[])(ModelDescription&) = {
      [](ModelDescription&) {},
      [](ModelDescription& m) { m.architecture = "cnn"; },
      [](ModelDescription& m) { m.arguments["hidden"] = 17; },
      [](ModelDescription& m) { m.arguments["bias"] = true; },
      [](ModelDescription& m) { m.inputs[0].name = "y"; },
      [](ModelDescription& m) { m.inputs[0].dtype = DType::kInt8; },
      [](ModelDescription& m) {
        m.inputs[0].shape = {4, 1};
      },
      [](ModelDescription& m) { m.inputs.push_back(m.inputs[0]); },
      [](ModelDescription& m) { m.normalization.scale = 256; },
      [](ModelDescription& m) { m.normalization.mean = {0.25}; },
      [](ModelDescription& m) { m.normalization.std = {0.5}; },
      [](ModelDescription& m) { m.pad_id = 0; },
      [](ModelDescription& m) {
        m.class_names = {"b", "a"};
      },
      [](ModelDescription& m) { m.class_names = {}; },
      [](ModelDescription& m) { m.output = OutputForm::kProbabilities; },
  };
  std::set<std::string> fingerprints = {Fingerprint(Model(), "other weights")};
  for (const auto& change : changes) {
    ModelDescription model = Model();
    change(model);
    EXPECT_TRUE(fingerprints.insert(Fingerprint(model, "weights")).second) << ToJson(model);
  }
}

TEST(FingerprintTest, HowTheModelWasTrainedDoesNot) {
  ModelDescription trained = Model();
  trained.training = {{"epochs", 3}};
  EXPECT_EQ(Fingerprint(trained, "w"), Fingerprint(Model(), "w"));
}

TEST(FingerprintTest, SurvivesTheConfigFile) {
  const absl::StatusOr<ModelDescription> read = ParseModelDescription(ToJson(Model()));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(Fingerprint(*read, "w"), Fingerprint(Model(), "w"));
}

TEST(FingerprintTest, OfADirectoryHashesItsWeightsWhereverTheyLie) {
  const TempDir here, there;
  // Spans several of the pieces in which files are read.
  const std::string weights(3'000'000, 'w');
  for (const TempDir* temp : {&here, &there}) {
    ASSERT_THAT(WriteFileAtomically(*temp / kWeightsFile, weights), IsOk());
    EXPECT_EQ(*FingerprintOfDirectory(temp->path(), Model()),
              Fingerprint(Model(), Sha256Hex(weights)));
  }
}

TEST(FingerprintTest, OfADirectoryWithoutWeightsIsNotFound) {
  const TempDir temp;
  EXPECT_THAT(FingerprintOfDirectory(temp.path(), Model()), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace distill
