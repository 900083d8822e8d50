#include "student_trainer/evaluation/evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "tests/student_trainer/testing/sequence_dataset.h"
#include "tests/student_trainer/testing/small_dataset.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::SmallDataset;
using testing::StatusIs;

constexpr int64_t kClasses = 4;

// Every third sample has no label; one sample cannot be decoded.
class PartlyLabelled : public SmallDataset {
 public:
  explicit PartlyLabelled(int64_t size, int64_t corrupt = -1)
      : SmallDataset(size, kClasses), corrupt_(corrupt) {}

  int64_t Label(int64_t index) const override {
    return index % 3 == 2 ? kNoLabel : index % kClasses;
  }
  absl::Status Read(int64_t index, Destinations destinations) const override {
    if (index == corrupt_) return absl::DataLossError("not an image");
    for (uint8_t& pixel : destinations[0]) pixel = static_cast<uint8_t>(index);
    return absl::OkStatus();
  }

 private:
  const int64_t corrupt_;
};

// Sure of the class that the sample's number, which is its first pixel, says.
absl::StatusOr<at::Tensor> KnowsAll(const std::vector<InputBatch>& samples) {
  std::vector<int64_t> classes;
  const std::string pixels = samples[0].values.bytes.ToString();
  for (int64_t i = 0; i < samples[0].samples(); ++i) {
    classes.push_back(static_cast<uint8_t>(pixels[static_cast<size_t>(16 * i)]) % kClasses);
  }
  return 100 * torch::one_hot(torch::tensor(classes, torch::kInt64), kClasses).to(torch::kFloat32);
}

// The same logits for every sample.
LogitsFunction Always(std::vector<float> logits) {
  return [logits = std::move(logits)](
             const std::vector<InputBatch>& samples) -> absl::StatusOr<at::Tensor> {
    return torch::tensor(logits).repeat({samples[0].samples(), 1});
  };
}

TEST(EvaluationTest, ErrorsAndLossAreOfTheLabelledSamples) {
  const PartlyLabelled data(120);  // 80 with a label, 20 of each class
  CorruptSamples corrupt;
  const auto knows_all = Evaluate(data, AllSamples(data), corrupt, KnowsAll);
  ASSERT_THAT(knows_all, IsOk());
  EXPECT_EQ(knows_all->samples, 80);
  EXPECT_EQ(knows_all->errors, 0);
  EXPECT_NEAR(knows_all->loss, 0, 1e-6);

  const auto says_one = Evaluate(data, AllSamples(data), corrupt, Always({0, 1, 0, 0}));
  ASSERT_THAT(says_one, IsOk());
  EXPECT_EQ(says_one->errors, 60);
  EXPECT_DOUBLE_EQ(says_one->accuracy(), 0.25);
  EXPECT_NEAR(says_one->loss, std::log(std::exp(1) + 3) - 0.25, 1e-6);
}

TEST(EvaluationTest, BatchesHoldEachSampleOnceInOrder) {
  const SmallDataset data(603, kClasses);
  CorruptSamples corrupt;
  std::vector<int64_t> labels;
  int batches = 0;
  const absl::Status visited =
      VisitLogits(data, AllSamples(data), corrupt, Always({0, 0, 0, 0}),
                  [&](const at::Tensor& logits, const at::Tensor& visited_labels, int64_t samples) {
                    ++batches;
                    EXPECT_EQ(logits.size(0), samples);
                    EXPECT_EQ(logits.size(0), visited_labels.size(0));
                    for (int64_t i = 0; i < visited_labels.size(0); ++i) {
                      labels.push_back(visited_labels[i].item<int64_t>());
                    }
                  });
  ASSERT_THAT(visited, IsOk());
  EXPECT_GT(batches, 1);
  EXPECT_EQ(labels, AllLabels(data));
}

TEST(EvaluationTest, CorruptSamplesAreLeftOutAsFarAsTheyMayBe) {
  const PartlyLabelled data(120, /*corrupt=*/4);
  CorruptSamples one_allowed(1);
  const auto result = Evaluate(data, AllSamples(data), one_allowed, KnowsAll);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->samples, 79);
  EXPECT_EQ(result->errors, 0);
  CorruptSamples none_allowed;
  EXPECT_THAT(Evaluate(data, AllSamples(data), none_allowed, KnowsAll),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(EvaluationTest, ALossThatIsNotFiniteIsInfinite) {
  const SmallDataset data(8, kClasses);
  CorruptSamples corrupt;
  const auto result = Evaluate(data, AllSamples(data), corrupt, Always({std::nanf(""), 0, 0, 0}));
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->loss, std::numeric_limits<double>::infinity());
}

TEST(EvaluationTest, LogitsOfAnotherShapeAreRefusedAndErrorsPassedOn) {
  const SmallDataset data(8, kClasses);
  CorruptSamples corrupt;
  EXPECT_THAT(Evaluate(data, AllSamples(data), corrupt, Always({0, 0, 0})),
              StatusIs(absl::StatusCode::kInternal));
  const LogitsFunction fails = [](const std::vector<InputBatch>&) -> absl::StatusOr<at::Tensor> {
    return absl::UnavailableError("no");
  };
  EXPECT_THAT(Evaluate(data, AllSamples(data), corrupt, fails),
              StatusIs(absl::StatusCode::kUnavailable, "no"));
}

TEST(EvaluationTest, NoSamplesHaveNoErrors) {
  const SmallDataset data(8, kClasses);
  CorruptSamples corrupt;
  const auto result = Evaluate(data, {}, corrupt, KnowsAll);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->samples, 0);
  EXPECT_EQ(result->accuracy(), 0);
}

TEST(EvaluationTest, AllLabelsSayWhereThereIsNone) {
  const PartlyLabelled data(6);
  EXPECT_THAT(AllSamples(data), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(AllLabels(data), ElementsAre(0, 1, kNoLabel, 3, 0, kNoLabel));
}

// Sure of the class that each position's byte says, for all positions.
absl::StatusOr<at::Tensor> KnowsPositions(const std::vector<InputBatch>& samples) {
  std::vector<int64_t> classes;
  for (const char byte : samples[0].values.bytes.ToString()) classes.push_back(byte - '0');
  return 100 * torch::one_hot(torch::tensor(classes, torch::kInt64), 10).to(torch::kFloat32);
}

TEST(EvaluationTest, ErrorsAreOfPositionsWhereLabelsAre) {
  const testing::SequenceDataset data({"12", "3", "4567"},
                                      {{1, kIgnoredPosition}, {kNoLabel}, {4, 0, kNoLabel, 7}});
  CorruptSamples corrupt;
  const auto result = Evaluate(data, AllSamples(data), corrupt, KnowsPositions);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->samples, 2);  // one has no label
  EXPECT_EQ(result->positions, 4);
  EXPECT_EQ(result->errors, 1);
  EXPECT_DOUBLE_EQ(result->accuracy(), 0.75);
  const nlohmann::json json = *result;
  EXPECT_EQ(json.at("positions"), 4);
  EXPECT_EQ(json.get<EvaluationResult>().positions, 4);
}

TEST(EvaluationTest, AModelOfSamplesDoesNotFitLabelsOfPositions) {
  const testing::SequenceDataset data({"12", "345"}, {{1, 2}, {3, 4, 5}});
  CorruptSamples corrupt;
  EXPECT_THAT(Evaluate(data, AllSamples(data), corrupt, Always(std::vector<float>(10, 0))),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("it gives a row per sample, where the data have a label per")));
}

}  // namespace
}  // namespace distill
