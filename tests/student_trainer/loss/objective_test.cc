#include "student_trainer/loss/objective.h"

#include <gmock/gmock.h>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;

TEST(ObjectiveTest, AnOutputThatIsNotAskedForIsRefusedByName) {
  const OutputSpec logits{"logits", OutputKind::kLogits, 10, 1};
  const OutputSpec features{"features", OutputKind::kFeatures, 64, 1};
  Objective objective = *ParseObjective("kd");
  EXPECT_THAT(CheckOutput(objective, {features, logits}), IsOk());
  EXPECT_THAT(CheckOutput(objective, {features}),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      AllOf(HasSubstr("the objective kd"), HasSubstr("the output 'logits'"),
                            HasSubstr("it is asked for 'features'"))));
  objective.output = "features";
  EXPECT_THAT(CheckOutput(objective, {features, logits}),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      HasSubstr("computed from logits, and 'features' is features")));
}

TEST(ObjectiveTest, AreFoundByTheirNamesWithTheirUsualParameters) {
  for (const ObjectiveType& type : ObjectiveTypes()) {
    const auto objective = ParseObjective(type.name);
    ASSERT_THAT(objective, IsOk());
    EXPECT_EQ(objective->type, &type);
    ASSERT_EQ(objective->parameters.size(), type.parameters.size());
    for (size_t i = 0; i < type.parameters.size(); ++i) {
      EXPECT_EQ(objective->parameters[i], type.parameters[i].usual);
    }
    EXPECT_THAT(DescribeObjectives(), HasSubstr(std::string(type.name)));
  }
  EXPECT_THAT(ParseObjective("dkd2"),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      AllOf(HasSubstr("'dkd2'"), HasSubstr("did you mean dkd?"),
                            HasSubstr("kd, reverse_kl, jsd"))));
}

TEST(ObjectiveTest, ParametersAreNamedInAnyOrder) {
  EXPECT_THAT(ParseObjective("dkd", "beta=2, labels=0")->parameters, ElementsAre(1, 2, 0));
  EXPECT_THAT(ParseObjective("dkd", "labels=0,alpha=0.5,")->parameters, ElementsAre(0.5, 8, 0));
  EXPECT_THAT(ParseObjective("mlkd", "first=1,last=1")->parameters, ElementsAre(1, 1));
}

TEST(ObjectiveTest, AParameterThatIsWrongIsNamedWithWhatIsAllowed) {
  const struct {
    const char* objective;
    const char* parameters;
    const char* message;
  } cases[] = {{"dkd", "bta=1",
                "the parameter is 'bta'; must be alpha, beta or labels (did you mean beta?)"},
               {"dkd", "beta", "'beta'; must be beta=VALUE, a number from 0 to 1e+06"},
               {"dkd", "beta=", "'beta='; must be"},
               {"dkd", "beta=-1", "a number from 0"},
               {"dkd", "beta=nan", "a number from 0"},
               {"dkd", "beta=inf", "a number from 0"},
               {"dkd", "beta=1e7", "a number from 0 to 1e+06"},
               {"dkd", "beta=1=2", "'beta=1=2'"},
               {"dkd", "labels=0.5", "an integer from 0 to 1"},
               {"jsd", "beta=0", "above 0 and below 1"},
               {"jsd", "beta=1", "above 0 and below 1"},
               {"skew_kl", "lambda=1.5", "above 0 and below 1"},
               {"mlkd", "first=5,last=4", "first=5 is above last=4"},
               {"mlkd", "first=2.5", "an integer from 1 to 100"},
               {"kd", "beta=1", "kd: it has no parameters, not 'beta'"}};
  for (const auto& c : cases) {
    EXPECT_THAT(ParseObjective(c.objective, c.parameters),
                ErrorIs(absl::StatusCode::kInvalidArgument,
                        AllOf(HasSubstr(c.objective), HasSubstr(c.message))))
        << c.parameters;
  }
}

std::vector<TargetEncoding> Accepted(const Objective& objective) {
  std::vector<TargetEncoding> accepted;
  for (const TargetEncoding encoding : AllEncodings()) {
    if (CheckAccepts(objective, encoding).ok()) accepted.push_back(encoding);
  }
  return accepted;
}

TEST(ObjectiveTest, EachTakesTheEncodingsThatItIsDefinedOn) {
  using enum TargetEncoding;
  for (const ObjectiveType& type : ObjectiveTypes()) {
    Objective objective = *ParseObjective(type.name);
    if (type.name == "kd" || type.name == "label_smoothing") {
      EXPECT_EQ(Accepted(objective).size(), AllEncodings().size());
    } else if (type.name == "reverse_kl" || type.name == "jsd" ||
               type.name == "hard_distillation") {
      EXPECT_THAT(Accepted(objective), ElementsAre(kDenseF32, kDenseF16, kDenseBF16, kTopK));
    } else {
      EXPECT_THAT(Accepted(objective), ElementsAre(kDenseF32, kDenseF16, kDenseBF16)) << type.name;
    }
    objective.standardize_logits = true;
    EXPECT_THAT(Accepted(objective), ElementsAre(kDenseF32, kDenseF16, kDenseBF16)) << type.name;
  }
}

TEST(ObjectiveTest, APairThatDoesNotFitIsRefusedByName) {
  const struct {
    TargetEncoding encoding;
    const char* name;
  } cases[] = {{TargetEncoding::kTopK, "top_k (top-k with tail)"},
               {TargetEncoding::kSampled, "sampled (samples)"},
               {TargetEncoding::kHeadSampled, "head_sampled (samples)"}};
  for (const auto& c : cases) {
    EXPECT_THAT(CheckAccepts(*ParseObjective("dkd"), c.encoding),
                ErrorIs(absl::StatusCode::kInvalidArgument,
                        AllOf(HasSubstr("dkd"), HasSubstr(c.name),
                              HasSubstr("encodings that fit are f32, f16, bf16"))));
  }
  Objective objective = *ParseObjective("kd");
  objective.standardize_logits = true;
  EXPECT_THAT(CheckAccepts(objective, TargetEncoding::kTopK),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      HasSubstr("kd on standardised logits: it cannot")));
}

}  // namespace
}  // namespace distill
