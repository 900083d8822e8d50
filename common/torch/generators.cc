#include "common/torch/generators.h"

#include <ATen/Context.h>
#include <ATen/core/Generator.h>

#include <mutex>
#include <utility>
#include <vector>

namespace distill {
namespace {

std::vector<std::pair<const char*, at::Generator>> Generators(at::Device device) {
  std::vector<std::pair<const char*, at::Generator>> all = {
      {"cpu", at::globalContext().defaultGenerator(at::kCPU)}};
  if (device.is_cuda()) all.emplace_back("cuda", at::globalContext().defaultGenerator(device));
  return all;
}

}  // namespace

NamedTensors GeneratorStates(at::Device device) {
  NamedTensors states;
  for (auto& [name, generator] : Generators(device)) {
    const std::scoped_lock lock(generator.mutex());
    states.emplace(name, generator.get_state());
  }
  return states;
}

void SetGeneratorStates(at::Device device, const NamedTensors& states) {
  for (auto& [name, generator] : Generators(device)) {
    const std::scoped_lock lock(generator.mutex());
    generator.set_state(states.at(name));
  }
}

}  // namespace distill
