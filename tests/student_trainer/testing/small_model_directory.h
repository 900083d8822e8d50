// A model directory for SmallDataset's images.
#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>

#include "common/inference/loaded_model.h"
#include "common/zoo/registry.h"
#include "tests/testing/status_matchers.h"

namespace distill::testing {

inline ModelDescription SmallDescription(const Shape& image = {1, 4, 4}, int64_t classes = 4) {
  const Architecture architecture = ArchitectureOf("mlp_small", image, classes).value();
  return {.architecture = architecture.name,
          .arguments = architecture.arguments,
          .inputs = {{"image", DType::kUint8, image}},
          .normalization = {.scale = 255, .mean = {0.5}, .std = {0.25}}};
}

// Writes one of freshly drawn weights, and returns the model.
inline std::shared_ptr<Model> WriteSmallModel(const std::filesystem::path& directory,
                                              const ModelDescription& description,
                                              uint64_t seed = 1) {
  at::manual_seed(seed);
  const std::shared_ptr<Model> model =
      CreateModel({description.architecture, description.arguments}).value();
  model->eval();
  EXPECT_THAT(SaveModelDirectory(directory, description, *model), IsOk());
  return model;
}

}  // namespace distill::testing
