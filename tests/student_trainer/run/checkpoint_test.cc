#include "student_trainer/run/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <set>

#include "common/base/files.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

HostTensor Tensor(const std::string& bytes) {
  return {DType::kUint8, {static_cast<int64_t>(bytes.size())}, Bytes::FromString(bytes)};
}

Checkpoint At(int64_t batches) {
  Checkpoint checkpoint;
  checkpoint.progress.batches = batches;
  checkpoint.progress.epoch.loss = 0.1 + static_cast<double>(batches) / 3;
  checkpoint.progress.epoch.ids.Add(batches);
  checkpoint.identity = {{"seed", 7}, {"data", "abc"}};
  checkpoint.metrics_bytes = 100 + batches;
  checkpoint.model = {{"fc.weight", Tensor("weights")}};
  checkpoint.trainer = {{"velocity.fc.weight", Tensor("velocity")}, {"generator", Tensor("mt")}};
  return checkpoint;
}

class CheckpointTest : public ::testing::Test {
 protected:
  std::set<std::string> Files() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }

  const testing::TempDir dir_;
  const std::filesystem::path path_ = dir_.path() / "checkpoints";
  const CheckpointFolder folder_{path_, 2};
};

TEST_F(CheckpointTest, ComesBackBitForBit) {
  const Checkpoint written = At(12);
  ASSERT_THAT(WriteCheckpoint(dir_.path() / "c", written), IsOk());
  const auto read = ReadCheckpoint(dir_.path() / "c");
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(ToJson(read->progress), ToJson(written.progress));
  EXPECT_EQ(read->progress.epoch.loss, written.progress.epoch.loss);
  EXPECT_EQ(read->progress.epoch.ids.value(), written.progress.epoch.ids.value());
  EXPECT_EQ(read->identity, written.identity);
  EXPECT_EQ(read->metrics_bytes, 112);
  EXPECT_EQ(read->model.at("fc.weight").bytes.ToString(), "weights");
  EXPECT_EQ(read->trainer.at("velocity.fc.weight").bytes.ToString(), "velocity");
  EXPECT_EQ(read->trainer.size(), 2u);
}

TEST_F(CheckpointTest, ALossThatIsNotFiniteComesBackInfinite) {
  Checkpoint written = At(12);
  written.progress.best_validation.loss = std::numeric_limits<double>::infinity();
  ASSERT_THAT(WriteCheckpoint(dir_.path() / "c", written), IsOk());
  const auto read = ReadCheckpoint(dir_.path() / "c");
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->progress.best_validation.loss, written.progress.best_validation.loss);
}

TEST_F(CheckpointTest, TheNewestIsTaken) {
  for (const int64_t batches : {9, 10, 100}) ASSERT_THAT(folder_.Write(At(batches)), IsOk());
  const auto newest = folder_.ReadNewest();
  ASSERT_THAT(newest, IsOk());
  EXPECT_EQ((*newest)->progress.batches, 100);
}

TEST_F(CheckpointTest, TheLastAndTheBestStay) {
  ASSERT_THAT(folder_.Write(At(1)), IsOk());
  Checkpoint best = At(2);
  best.progress.has_best = true;
  best.progress.best_batches = 2;
  ASSERT_THAT(folder_.Write(best), IsOk());
  for (const int64_t batches : {3, 4, 5}) {
    best.progress.batches = batches;
    ASSERT_THAT(folder_.Write(best), IsOk());
  }
  EXPECT_THAT(Files(), ElementsAre("step_0000000002.safetensors", "step_0000000004.safetensors",
                                   "step_0000000005.safetensors"));
}

TEST_F(CheckpointTest, OneThatIsBrokenIsPassedOverForTheOneBefore) {
  ASSERT_THAT(folder_.Write(At(1)), IsOk());
  ASSERT_THAT(folder_.Write(At(2)), IsOk());
  std::filesystem::resize_file(path_ / CheckpointFolder::FileName(2), 40);
  const auto newest = folder_.ReadNewest();
  ASSERT_THAT(newest, IsOk());
  EXPECT_EQ((*newest)->progress.batches, 1);
  std::filesystem::resize_file(path_ / CheckpointFolder::FileName(1), 0);
  EXPECT_THAT(folder_.ReadNewest(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("step_")));
}

TEST_F(CheckpointTest, WithoutAnyThereIsNone) {
  const auto none = folder_.ReadNewest();
  ASSERT_THAT(none, IsOk());
  EXPECT_FALSE(none->has_value());
}

TEST_F(CheckpointTest, WhatAnInterruptedWriteLeftIsRemovedAndNeverRead) {
  ASSERT_THAT(folder_.Write(At(1)), IsOk());
  std::ofstream(path_ / "step_0000000002.safetensors.tmp.17.0") << "half";
  const auto newest = folder_.ReadNewest();
  ASSERT_THAT(newest, IsOk());
  EXPECT_EQ((*newest)->progress.batches, 1);
  EXPECT_THAT(Files(), ElementsAre("step_0000000001.safetensors"));
}

TEST_F(CheckpointTest, AnotherSafetensorsFileIsNoCheckpoint) {
  ASSERT_THAT(WriteSafetensors(dir_.path() / "model.safetensors", At(1).model), IsOk());
  EXPECT_THAT(ReadCheckpoint(dir_.path() / "model.safetensors"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("is not a checkpoint: ")));
  ASSERT_THAT(WriteSafetensors(dir_.path() / "old", At(1).model,
                               {{"format", "distill-checkpoint/1"}, {"run", "{}"}}),
              IsOk());
  EXPECT_THAT(ReadCheckpoint(dir_.path() / "old"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("does not describe the run")));
}

}  // namespace
}  // namespace distill
