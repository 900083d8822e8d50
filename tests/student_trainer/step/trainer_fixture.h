// Batches and students for tests of the trainer.
#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cstdint>
#include <memory>

#include "common/codec/encoding.h"
#include "common/zoo/model.h"
#include "common/zoo/registry.h"
#include "student_trainer/data/read_samples.h"
#include "student_trainer/step/trainer.h"
#include "tests/student_trainer/testing/small_dataset.h"
#include "tests/testing/status_matchers.h"

namespace distill::testing {

inline constexpr int64_t kClasses = 4;

// Equal at every call.
inline std::shared_ptr<Model> SmallModel() {
  at::manual_seed(1);
  return *CreateModel(*ArchitectureOf("mlp_small", {1, 4, 4}, kClasses));
}

// Of SmallModel: pixels from 0 to 1.
inline ModelDescription ScaledPixels() {
  return {.inputs = {{"image", DType::kUint8, {1, 4, 4}}}, .normalization = {.scale = 255}};
}

inline TrainerOptions SmallOptions(double alpha, int64_t steps = 60) {
  return {.loss = {.alpha = alpha, .temperature = 2},
          .schedule = {.peak = 0.05, .warmup_steps = 0, .total_steps = steps}};
}

// Samples [first, first + n) of the data, without soft targets.
inline TargetedBatch SmallBatch(int64_t n = 32, int64_t first = 0) {
  static const SmallDataset data(1024, kClasses);
  TargetedBatch targeted;
  for (int64_t id = first; id < first + n; ++id) {
    targeted.batch.sample_ids.push_back(id);
    targeted.batch.labels.push_back(data.Label(id));
  }
  CorruptSamples corrupt;
  targeted.batch.inputs = ReadSamples(data, targeted.batch.sample_ids, corrupt)->inputs;
  return targeted;
}

// A teacher that is sure of the class after the label's: what it taught can be told from the
// labels. In two answers.
inline void AddTargets(TargetedBatch& targeted) {
  const at::Tensor labels = torch::tensor(targeted.batch.labels, torch::kInt64);
  const at::Tensor logits =
      8 * torch::one_hot((labels + 1) % kClasses, kClasses).to(torch::kFloat32);
  const int64_t half = targeted.batch.size() / 2;
  OutputTargets targets{.output = kLogitsOutput};
  for (const at::Tensor& part : {logits.slice(0, 0, half), logits.slice(0, half)}) {
    targets.answers.push_back(
        EncodeTargets({.encoding = TargetEncoding::kDenseF32}, part.contiguous(), {}));
  }
  targeted.targets = {std::move(targets)};
}

// Whether two models have equal parameters and buffers, bit by bit.
inline void ExpectSameModel(const Model& actual, const Model& expected) {
  for (const auto& item : actual.named_parameters()) {
    EXPECT_TRUE(item.value().equal(expected.named_parameters()[item.key()])) << item.key();
  }
  for (const auto& item : actual.named_buffers()) {
    EXPECT_TRUE(item.value().equal(expected.named_buffers()[item.key()])) << item.key();
  }
}

}  // namespace distill::testing
