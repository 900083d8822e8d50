#include "student_trainer/run/batch_pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "common/client/pool/teacher_pool.h"
#include "tests/student_trainer/testing/small_dataset.h"
#include "tests/testing/fake_teacher/fake_teacher.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::FakeTeacher;
using testing::FakeTeacherOptions;
using testing::IsOk;
using testing::SmallDataset;
using testing::StatusIs;

constexpr int64_t kSamples = 32;
constexpr int64_t kPipelineBatch = 8;

// The only input of the data, as the teacher has it and as this student has it.
BatchInputs InputsFor(const InputSpec& student) {
  return {.student = {0}, .student_specs = {student}};
}

class BatchPipelineTest : public ::testing::Test {
 protected:
  static FakeTeacherOptions TeacherOfImages() {
    FakeTeacherOptions options;
    options.model.inputs = {{"image", DType::kUint8, {1, 4, 4}}};
    options.model.classes = 4;
    return options;
  }

  void ConnectTeacher() {
    teacher_.Start();
    auto teachers = TeacherPool::Connect({.addresses = {teacher_.address()}}, Clock::Real());
    ASSERT_THAT(teachers, IsOk());
    teachers_ = *std::move(teachers);
  }

  // The sample ids of all batches that are left.
  static std::vector<int64_t> AllIds(TargetedBatchSource& source) {
    std::vector<int64_t> ids;
    while (true) {
      const auto targeted = source.Next();
      EXPECT_THAT(targeted, IsOk());
      if (!targeted.ok() || !targeted->has_value()) return ids;
      const std::vector<int64_t>& more = (*targeted)->batch.sample_ids;
      ids.insert(ids.end(), more.begin(), more.end());
    }
  }

  static std::vector<int64_t> Samples() {
    std::vector<int64_t> samples;
    for (int64_t i = 0; i < kSamples; ++i) samples.push_back(i);
    return samples;
  }

  const SmallDataset data_{kSamples};
  CorruptSamples corrupt_;
  const BatchMaker maker_{data_, Samples(), Samples(), {.batch_size = kPipelineBatch}, corrupt_};
  PrefetcherOptions prefetcher_;
  FakeTeacher teacher_{TeacherOfImages()};
  std::unique_ptr<TeacherPool> teachers_;
};

TEST_F(BatchPipelineTest, WithoutATeacherEachSampleComesOnceWithoutTargets) {
  BatchPipeline pipeline(maker_, {.first_batch = 0}, nullptr, prefetcher_, InputsFor(data_.input()),
                         {}, Clock::Real());
  const auto first = pipeline.source().Next();
  ASSERT_THAT(first, IsOk());
  EXPECT_TRUE((*first)->targets.empty());
  std::vector<int64_t> ids = (*first)->batch.sample_ids;
  const std::vector<int64_t> rest = AllIds(pipeline.source());
  ids.insert(ids.end(), rest.begin(), rest.end());
  EXPECT_THAT(ids, ::testing::UnorderedElementsAreArray(Samples()));
}

TEST_F(BatchPipelineTest, ItBeginsWithTheBatchThatIsAskedFor) {
  BatchPipeline whole(maker_, {.first_batch = 0}, nullptr, prefetcher_, InputsFor(data_.input()),
                      {}, Clock::Real());
  BatchPipeline rest(maker_, {.first_batch = 3}, nullptr, prefetcher_, InputsFor(data_.input()), {},
                     Clock::Real());
  std::vector<int64_t> expected = AllIds(whole.source());
  expected.erase(expected.begin(), expected.begin() + 3 * kPipelineBatch);
  EXPECT_EQ(AllIds(rest.source()), expected);
}

TEST_F(BatchPipelineTest, TheTeacherIsAskedAtTheTemperatureAndAnswersEachBatch) {
  ConnectTeacher();
  prefetcher_.temperature = 3;
  BatchPipeline pipeline(maker_, {.first_batch = 0}, teachers_.get(), prefetcher_,
                         InputsFor(data_.input()), {}, Clock::Real());
  for (int64_t batch = 0; batch < kSamples / kPipelineBatch; ++batch) {
    const auto targeted = pipeline.source().Next();
    ASSERT_THAT(targeted, IsOk());
    ASSERT_TRUE(targeted->has_value());
    EXPECT_FALSE((*targeted)->targets.empty());
  }
  EXPECT_FALSE(pipeline.source().Next()->has_value());
  EXPECT_EQ(teacher_.requests().at(0).temperature, 3);
}

TEST_F(BatchPipelineTest, TheTeacherSeesTheViewThatTheStudentSeesDownsampled) {
  ConnectTeacher();
  const InputSpec small{"image", DType::kUint8, {1, 2, 2}};
  BatchPipeline pipeline(maker_, {.first_batch = 0}, teachers_.get(), prefetcher_, InputsFor(small),
                         {}, Clock::Real());
  const auto targeted = pipeline.source().Next();
  ASSERT_THAT(targeted, IsOk());
  EXPECT_EQ((*targeted)->batch.inputs[0].values.shape, (Shape{kPipelineBatch, 1, 2, 2}));
  EXPECT_EQ(teacher_.requests().at(0).payload_bytes, kPipelineBatch * 16);
}

TEST_F(BatchPipelineTest, AStopEndsTheWaitForTheTeacher) {
  ConnectTeacher();
  teacher_.HoldAnswers();
  std::stop_source stop;
  BatchPipeline pipeline(maker_, {.first_batch = 0}, teachers_.get(), prefetcher_,
                         InputsFor(data_.input()), stop.get_token(), Clock::Real());
  std::thread stopper([&] {
    teacher_.WaitForRequests(1);
    stop.request_stop();
  });
  EXPECT_THAT(pipeline.source().Next(), StatusIs(absl::StatusCode::kCancelled));
  stopper.join();
}

}  // namespace
}  // namespace distill
