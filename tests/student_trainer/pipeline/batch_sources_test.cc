#include "student_trainer/pipeline/batch_sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/testing/fake_clock.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

// Batches of one grey image of 4x4 pixels, all of one brightness; each takes a second.
class GreySource : public BatchSource {
 public:
  GreySource(int batches, testing::FakeClock& clock) : left_(batches), clock_(clock) {}

  absl::StatusOr<std::optional<TrainingBatch>> Next() override {
    if (left_-- == 0) return std::nullopt;
    clock_.Advance(absl::Seconds(1));
    TrainingBatch batch;
    batch.inputs = {HostTensor{DType::kUint8,
                               {1, 1, 4, 4},
                               Bytes::FromString(std::string(16, static_cast<char>(40 + left_)))}};
    batch.labels = {0};
    batch.sample_ids = {left_};
    return batch;
  }

 private:
  int left_;
  testing::FakeClock& clock_;
};

TEST(HardLabelSource, HandsBatchesOnWithoutTargetsAndMeasuresTheWait) {
  testing::FakeClock clock;
  GreySource images(2, clock);
  HardLabelSource source(images, clock);
  for (int64_t id : {1, 0}) {
    const auto targeted = source.Next();
    ASSERT_THAT(targeted, IsOk());
    EXPECT_EQ((*targeted)->batch.sample_ids, std::vector<int64_t>{id});
    EXPECT_TRUE((*targeted)->targets.empty());
  }
  EXPECT_FALSE(source.Next()->has_value());
  EXPECT_EQ(source.waited_for_data(), absl::Seconds(2));
}

TEST(FittedSource, GivesTheStudentWhatIsMadeForIt) {
  testing::FakeClock clock;
  GreySource images(1, clock);
  HardLabelSource hard_labels(images, clock);
  const HostTensor small{DType::kUint8, {1, 1, 1, 1}, Bytes::FromString("x")};
  FittedSource source(hard_labels, [&](const std::vector<InputBatch>& views) {
    EXPECT_EQ(views[0].values.shape, (Shape{1, 1, 4, 4}));
    return std::vector<InputBatch>{small};
  });
  const auto targeted = source.Next();
  ASSERT_THAT(targeted, IsOk());
  EXPECT_EQ((*targeted)->batch.inputs[0].values.shape, small.shape);
  EXPECT_FALSE(source.Next()->has_value());
}

TEST(FittedSource, PassesOnAnErrorOfTheFit) {
  testing::FakeClock clock;
  GreySource images(1, clock);
  HardLabelSource hard_labels(images, clock);
  FittedSource source(hard_labels, [](const auto&) -> absl::StatusOr<std::vector<InputBatch>> {
    return absl::InvalidArgumentError("too small");
  });
  EXPECT_THAT(source.Next(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("too small")));
}

}  // namespace
}  // namespace distill
