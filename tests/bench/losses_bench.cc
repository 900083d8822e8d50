// losses_bench measures the cost of the objectives, in time relative to a step of a student, and in
// memory.
#include <torch/nn/modules/batchnorm.h>
#include <torch/types.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/base/command_line.h"
#include "common/base/process.h"
#include "common/torch/threads.h"
#include "common/zoo/registry.h"
#include "student_trainer/loss/objective.h"
#include "tests/testing/counting_allocator.h"

namespace distill {
namespace {

struct Options {
  int rounds = 20;
  int64_t batch = 128;
  int64_t classes = 100;
  int64_t many_rows = 32;
  int64_t many_classes = 128'000;
};

template <typename Function>
double Seconds(Function&& function) {
  const auto start = std::chrono::steady_clock::now();
  function();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

ObjectiveInput RandomBatch(int64_t rows, int64_t classes) {
  return {.student_logits = torch::randn({rows, classes}).requires_grad_(),
          .targets = FullLogits{torch::randn({rows, classes}) * 4},
          .labels = torch::randint(classes, {rows}, torch::kLong),
          .temperature = 4};
}

void Compute(const Objective& objective, const ObjectiveInput& input) {
  input.student_logits.mutable_grad() = at::Tensor();
  objective.Loss(input).backward();
}

// A forward and backward pass of ResNet-20 and its update, on 32x32 images in channels_last.
class StudentStep {
 public:
  explicit StudentStep(const Options& options)
      : model_(*CreateModel(*ArchitectureOf("cifar_resnet20", {3, 32, 32}, options.classes))),
        images_(
            torch::randn({options.batch, 3, 32, 32}).contiguous(at::MemoryFormat::ChannelsLast)),
        labels_(torch::randint(options.classes, {options.batch}, torch::kLong)) {
    for (at::Tensor parameter : model_->parameters()) {
      if (parameter.dim() != 4) continue;
      parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
    }
  }

  void Run() {
    at::cross_entropy_loss(model_->Forward(images_), labels_).backward();
    const at::NoGradGuard no_grad;
    for (at::Tensor& parameter : model_->parameters()) {
      parameter.sub_(parameter.grad(), 1e-3);
      parameter.mutable_grad() = at::Tensor();
    }
  }

 private:
  const std::shared_ptr<Model> model_;
  const at::Tensor images_;
  const at::Tensor labels_;
};

struct Case {
  std::string name;
  Objective objective;
  std::vector<double> seconds;
  std::vector<double> of_step;  // the same, divided by the time of the step in its round
};

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const ObjectiveType& type : ObjectiveTypes()) {
    cases.push_back({std::string(type.name), *ParseObjective(type.name), {}, {}});
  }
  Objective standardized = *ParseObjective("kd");
  standardized.standardize_logits = true;
  cases.push_back({"kd, standardised", standardized, {}, {}});
  return cases;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void Measure(const Options& options) {
  StudentStep step(options);
  const ObjectiveInput batch = RandomBatch(options.batch, options.classes);
  std::vector<Case> cases = Cases();
  std::vector<double> steps;
  for (int round = -2; round < options.rounds; ++round) {
    const double seconds = Seconds([&] { step.Run(); });
    if (round >= 0) steps.push_back(seconds);
    for (Case& each : cases) {
      const double loss = Seconds([&] { Compute(each.objective, batch); });
      if (round < 0) continue;
      each.seconds.push_back(loss);
      each.of_step.push_back(loss / seconds);
    }
  }

  auto& allocator = testing::CountingAllocator::Install();
  const ObjectiveInput many = RandomBatch(options.many_rows, options.many_classes);
  nlohmann::ordered_json result = {{"step_seconds", Median(steps)}};
  for (const Case& each : cases) {
    many.student_logits.mutable_grad() = at::Tensor();
    allocator.Begin();
    const double seconds = Seconds([&] { Compute(each.objective, many); });
    result["objectives"].push_back(
        {{"name", each.name},
         {"seconds", Median(each.seconds)},
         {"of_step", Median(each.of_step)},
         {"copies", static_cast<double>(allocator.most()) /
                        static_cast<double>(many.student_logits.nbytes())},
         {"many_classes_seconds", seconds}});
  }
  std::cout << result.dump() << std::endl;
}

}  // namespace
}  // namespace distill

int main(int argc, char** argv) {
  distill::RestartWithPassiveOpenMp(argv);
  distill::Options options;
  CLI::App app("What the objectives cost.", "losses_bench");
  app.add_option("--rounds", options.rounds)->capture_default_str();
  if (const auto exit_code = distill::ParseOrExit(app, argc, argv)) return *exit_code;
  distill::SetThreads(1);
  distill::Measure(options);
  return EXIT_SUCCESS;
}
