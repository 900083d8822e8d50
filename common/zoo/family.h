// Family describes one kind of architecture to the registry. Each family is one file, whose last
// function returns its Family.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/tensor/host_tensor.h"
#include "common/zoo/model.h"

namespace distill {

// The most classes and channels that a model of the zoo may have.
inline constexpr int64_t kMaxModelClasses = 1'000'000;
inline constexpr int64_t kMaxChannels = 65536;

struct Family {
  // A name that --student accepts, and the arguments it stands for.
  struct Variant {
    std::string name;
    nlohmann::json arguments;
  };

  std::string name;
  std::vector<Variant> variants;

  // Adds the arguments that the data determine. `input_shape` holds positive numbers and no batch
  // dimension. Returns INVALID_ARGUMENT if models with these arguments cannot take such inputs.
  absl::Status (*fit)(const Shape& input_shape, int64_t classes, nlohmann::json& arguments);

  // INVALID_ARGUMENT names the argument. May throw if memory is exhausted.
  absl::StatusOr<std::shared_ptr<Model>> (*create)(const nlohmann::json& arguments);
};

Family CifarResNetFamily();
Family CnnFamily();
Family MlpFamily();
Family MobileNetV2Family();
Family ResNetFamily();
Family SqueezeNetFamily();

// All families of the zoo. A new one is a function above and an entry here.
inline constexpr Family (*kFamilies[])() = {
    CifarResNetFamily, CnnFamily, MlpFamily, MobileNetV2Family, ResNetFamily, SqueezeNetFamily,
};

}  // namespace distill
